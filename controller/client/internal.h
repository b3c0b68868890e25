/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the files of librelief share
 *
 *	relief.c	the object, its one descriptor, the loop's turn
 *	connection.c	finding reliefd, losing it, coming back; packets in
 *	owed.c		packets out: what reliefd has not been told yet, derived from the state
 *	module.c	modules, and what any thread may say about them
 *	request.c	requests: callbacks, answers now and later
 *
 * There is no queue of outgoing messages. Each object knows what reliefd has yet to hear of it
 * (enum module_state, report_owed, touched, the list of settled requests), so nothing grows while
 * reliefd is away or slow, and after a reconnect the same code says everything again.
 */

#include <errno.h>
#include <stdatomic.h>

#include <relief/message.h>
#include <relief/relief.h>

#define API __attribute__((visibility("default")))

#define USEC_PER_MSEC 1000ULL
#define USEC_PER_SEC  1000000ULL
#define USEC_NEVER    UINT64_MAX

/*
 * How soon touches and sizes have to be looked at. Other threads raise it and wake the loop only
 * when they really did; the loop lowers it. While there is nobody to tell it stands at the top, so
 * that nobody wakes the loop for nothing.
 */
enum attention {
	ATTENTION_NONE,
	ATTENTION_SOON, /* within TOUCH_INTERVAL_USEC */
	ATTENTION_NOW,	/* within REPORT_INTERVAL_USEC */
};

/* Idle times are counted in tens of seconds, so a use a second is as good as all of them. */
#define TOUCH_INTERVAL_USEC USEC_PER_SEC
/* A burst of growth is news, but ten a second are enough to see it by. */
#define REPORT_INTERVAL_USEC (100 * USEC_PER_MSEC)

enum module_state {
	MODULE_NEW,	   /* REGISTER is owed */
	MODULE_ASKED,	   /* REGISTERED or ERROR is awaited */
	MODULE_REGISTERED, /* id is valid */
	MODULE_REFUSED,	   /* until the next connection */
};

struct relief_module {
	struct relief *relief;
	struct relief_module *next;
	char name[RELIEF_NAME_MAX + 1];
	struct relief_module_ops ops;
	void *userdata;
	enum relief_kind kind;
	uint32_t flags; /* enum relief_message_flag */
	bool no_trim;
	bool dead;	  /* given back by the application; UNREGISTER may be owed */
	bool report_owed; /* flags, size or reload cost: before the next answer */
	uint64_t idle_limit_usec;
	uint64_t reload_cost_usec;
	enum module_state state;
	uint64_t serial;
	uint64_t id;
	/* Seen by any thread: */
	atomic_bool known; /* MODULE_REGISTERED and not dead: its news is worth a wake-up */
	atomic_bool touched;
	atomic_uint_least64_t size_bytes;
	atomic_uint_least64_t reported_bytes;
};

struct relief_request {
	struct relief *relief;
	struct relief_module *module; /* NULL: unregistered meanwhile; the loop's thread only */
	struct relief_request *next;  /* in relief->requests, all that are not answered yet */
	struct relief_request *next_settled;
	uint64_t connection; /* relief->connection when it came */
	uint64_t deadline_usec;
	bool trim;
	atomic_bool answered;
	int64_t answer;
	struct relief_message message;
};

struct relief {
	int epoll_fd;
	int wake_fd; /* eventfd: another thread raised the attention or settled a request */
	int timer_fd;
	int inotify_fd;	   /* watches for the socket; -1 while connected */
	int socket_fd;	   /* -1: not connected */
	char *path;	   /* absolute; NULL: made by relief_new_fd(), or turned off */
	int watch;	   /* in inotify_fd; -1: none */
	size_t watch_len;  /* bytes of path that are the directory it watches */
	unsigned int busy; /* callbacks may be running: nothing is freed until it is 0 */
	bool free_wanted;
	bool broken;  /* the socket must be given up */
	bool blocked; /* the socket is full; EPOLLOUT is awaited */
	bool hello_owed;
	uint64_t connection; /* counts connections */
	uint64_t connected_usec;
	uint64_t retry_usec;	   /* next attempt; USEC_NEVER: none */
	uint64_t retry_delay_usec; /* the one after */
	uint64_t timer_usec;	   /* what timer_fd is set to */
	uint64_t touches_sent_usec;
	uint64_t reports_sent_usec;
	uint64_t next_serial;
	enum relief_level level;
	struct relief_module *modules;
	struct relief_request *requests;
	struct relief_request *settled;	       /* answers that are owed, oldest first */
	struct relief_request **settled_tail;  /* where the next one goes */
	struct relief_request *spare;	       /* so that the first request needs no memory */
	atomic_int attention;		       /* enum attention */
	_Atomic(struct relief_request *) done; /* settled by any thread, newest first */
	relief_level_handler level_handler;
	void *level_userdata;
	relief_error_handler error_handler;
	void *error_userdata;
	relief_free_handler free_handler;
	void *free_userdata;
};

uint64_t relief_now_usec(void);
/* a + b, at most UINT64_MAX. */
static inline uint64_t usec_add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* relief.c */
/* From any thread: makes relief_fd() readable. */
void relief_wake(struct relief *relief);
/* epoll_ctl() on ours. Returns: 0 or negative errno. */
int relief_watch(struct relief *relief, int operation, int fd, uint32_t events);
/*
 * Around everything that changes state or runs callbacks. The outermost leave says what is owed,
 * sets the timer, and frees what was unregistered meanwhile: modules, or relief itself.
 */
void relief_enter(struct relief *relief);
void relief_leave(struct relief *relief);
/* Reports an error to the application. */
void relief_refused(struct relief *relief, struct relief_module *module, int error,
		    const char *text);
/* A level from reliefd, or the calm of its absence. */
void relief_set_level(struct relief *relief, enum relief_level level);

/* connection.c */
/* Takes over a connected socket; on failure it is still the caller's. */
int connection_take(struct relief *relief, int fd);
/* Tries to connect; when that fails, sets retry_usec and watches for the socket. */
void connection_try(struct relief *relief, uint64_t now_usec);
/* Gives the socket up and plans to come back. */
void connection_close(struct relief *relief, uint64_t now_usec);
/* The socket has something for us. */
void connection_ready(struct relief *relief, uint32_t events);
/* Something happened in a directory on the way to the socket. */
void connection_path_changed(struct relief *relief, uint64_t now_usec);
/* Sends one packet. Returns: 0, -EAGAIN full or lost; the rest then waits. */
int connection_send(struct relief *relief, struct relief_message *message);

/* owed.c: says what is owed. Returns: when to come back, USEC_NEVER: when something happens. */
uint64_t owed_send(struct relief *relief, uint64_t now_usec);

/* module.c */
struct relief_module *module_find_id(struct relief *relief, uint64_t id);
struct relief_module *module_find_serial(struct relief *relief, uint64_t serial);
void module_set_state(struct relief_module *module, enum module_state state);
/* Its size is not what reliefd was told, by more than is worth a message. */
bool module_size_is_news(const struct relief_module *module);
/* What touches and size deserve. */
enum attention module_attention(const struct relief_module *module);
void relief_raise_attention(struct relief *relief, enum attention wanted);
/* Frees the dead modules of which reliefd knows nothing (any more). */
void modules_reap(struct relief *relief);
/* Nobody knows them any more. */
void modules_disconnected(struct relief *relief);
void modules_free(struct relief *relief);

/* memory.c */
/* Whatever free() left in the heap goes back to the kernel. Any thread. */
void memory_trim_heap(void);

/* request.c */
void request_receive(struct relief *relief, const struct relief_message *message);
/* Takes over the answers that other threads gave. */
void requests_settle(struct relief *relief);
/* Takes the oldest owed answer out of the list and frees it. */
void request_drop_settled(struct relief *relief);
/* The module is about to be freed. */
void requests_forget_module(struct relief *relief, const struct relief_module *module);
void requests_free(struct relief *relief);
