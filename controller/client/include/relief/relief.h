/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * librelief: give memory back when reliefd asks for it
 *
 *	struct relief *relief;
 *	struct relief_module *cache;
 *
 *	relief_new(&relief);
 *	relief_module_register(relief, &cache, "thumbnails",
 *			       &(struct relief_module_options){
 *				       .size = sizeof(struct relief_module_options),
 *				       .kind = RELIEF_KIND_CACHE,
 *			       },
 *			       &(struct relief_module_ops){
 *				       .size = sizeof(struct relief_module_ops),
 *				       .shed = drop_a_share_of_the_thumbnails,
 *			       },
 *			       NULL);
 *	poll relief_fd() for POLLIN, call relief_dispatch()       (or relief_attach_sd_event())
 *
 * Without reliefd a process works on: nothing here fails because nobody listens. The library comes
 * back by itself when reliefd does, and registers every module again.
 *
 * Returns: every function that returns an int gives 0 (or what it says) or a negative errno; none
 * aborts, none prints, none blocks except for the callbacks it runs. -EINVAL is a NULL or an
 * argument out of its range.
 *
 * Threads: a struct relief and its modules belong to one thread, the one that dispatches. Three
 * functions may be called from any thread, as long as the object they are given is not freed
 * meanwhile: relief_module_touch(), relief_module_set_size(), relief_request_done(). A process
 * that forks without exec must not use the parent's objects in the child.
 *
 * Units: sizes in bytes, durations in microseconds, shares in basis points (1/100 %, 10000 = all),
 * points in time on CLOCK_MONOTONIC.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct relief;	       /* one connection to reliefd, or the wish for one */
struct relief_module;  /* something that can be made smaller, or unloaded and loaded again */
struct relief_request; /* one numbered ask to one module */

enum relief_kind {
	RELIEF_KIND_CACHE = 0,
	RELIEF_KIND_MODEL = 1,
	RELIEF_KIND_POOL = 2,
	RELIEF_KIND_WORKER = 3,
	RELIEF_KIND_OTHER = 4,
};

enum relief_level {
	RELIEF_LEVEL_LOW = 0, /* calm */
	RELIEF_LEVEL_MEDIUM = 1,
	RELIEF_LEVEL_HIGH = 2,
	RELIEF_LEVEL_CRITICAL = 3,
};

enum relief_rung {
	RELIEF_RUNG_SHED = 2,
	RELIEF_RUNG_UNLOAD = 3,
};

/* ---- the connection ------------------------------------------------------------------------- */

/*
 * Makes a client of the reliefd that listens at $RELIEF_SOCKET (ignored in set-user-id programs),
 * else at /run/reliefd/relief.sock. RELIEF_SOCKET=/dev/null turns the library off: everything
 * succeeds and nothing ever happens.
 *
 * Returns: 0 and *ret, to be given to relief_free(), also when reliefd is not there;
 * -EINVAL $RELIEF_SOCKET is not an absolute path, -ENAMETOOLONG it does not fit a socket address,
 * -ENOMEM, -EMFILE, -ENFILE.
 */
int relief_new(struct relief **ret);
/*
 * The same on a connected channel, as D-Bus RegisterFD() returns it. There is no coming back: when
 * the other end closes it, the error handler is told -ECONNRESET and the rest stays silent. The
 * module that RegisterFD() made is taken up by relief_module_adopt().
 *
 * fd: owned by *ret on success (made non-blocking and close-on-exec), by the caller on failure.
 * Returns: as relief_new(); -EPROTOTYPE fd is not a SOCK_SEQPACKET socket.
 */
int relief_new_fd(struct relief **ret, int fd);
/*
 * Unregisters and frees all modules, and frees all unanswered requests. NULL is fine. Called from
 * a callback, it takes effect when relief_dispatch() ends. Returns NULL.
 */
struct relief *relief_free(struct relief *relief);

/*
 * The one descriptor to watch for POLLIN (an epoll: timers and reconnecting are inside it). Valid,
 * and always the same, until relief_free(); not to be closed. Returns: >= 0, or -EINVAL.
 */
int relief_fd(const struct relief *relief);
/*
 * Does what there is to do, runs callbacks, and returns without waiting. To be called when
 * relief_fd() is readable; harmless at any other time. Not from within a callback: -EBUSY.
 * Returns: 0, or -EINVAL. A lost connection is not an error.
 */
int relief_dispatch(struct relief *relief);

/* True while a channel to reliefd is open. */
bool relief_is_connected(const struct relief *relief);
/* The level of this process's group as last told; RELIEF_LEVEL_LOW without reliefd. */
enum relief_level relief_level(const struct relief *relief);

/* The level changed. Returning to low is the time to let caches grow again. */
typedef void (*relief_level_handler)(struct relief *relief, enum relief_level level,
				     void *userdata);
/* handler: NULL for none. */
int relief_set_level_handler(struct relief *relief, relief_level_handler handler, void *userdata);

/*
 * Something was refused. module: the module that reliefd does not take, or no longer (it stays
 * unregistered until the next connection), or NULL. error: negative errno, such as -EDQUOT (a
 * quota), -EEXIST (a name used twice), -ENOENT (an administrator unregistered it), -EPROTONOSUPPORT
 * (reliefd speaks another version). text: reliefd's sentence, valid during the call.
 */
typedef void (*relief_error_handler)(struct relief *relief, struct relief_module *module, int error,
				     const char *text, void *userdata);
/* handler: NULL for none. Nothing is printed either way. */
int relief_set_error_handler(struct relief *relief, relief_error_handler handler, void *userdata);

/* Called once by relief_free(), first thing: the place to take relief_fd() out of a loop. */
typedef void (*relief_free_handler)(void *userdata);
int relief_set_free_handler(struct relief *relief, relief_free_handler handler, void *userdata);

/* ---- modules -------------------------------------------------------------------------------- */

struct relief_module_options {
	size_t size; /* sizeof(struct relief_module_options), so that it can grow */
	enum relief_kind kind;
	bool keep;		   /* spare me below level high */
	bool unloaded;		   /* it starts unloaded; relief_module_use() loads it */
	bool no_trim;		   /* no malloc_trim(), see below */
	uint64_t bytes;		   /* its size now */
	uint64_t idle_limit_usec;  /* idle this long before unload; 0: reliefd's choice */
	uint64_t reload_cost_usec; /* time it takes to load it again; 0: unknown, measured */
};

/*
 * What a callback that frees memory returns, and what relief_request_done() takes:
 *
 *	n >= 0                 n bytes were freed; fewer than asked is fine; 0: nothing left
 *	-EBUSY, -EAGAIN        not now; reliefd turns to others and may ask again
 *	other negative errno   it failed
 *	RELIEF_ANSWER_LATER    the answer follows by relief_request_done()
 *
 * reliefd measures: only bytes that leave the process's cgroup count. Since free() alone leaves
 * small blocks in the heap, the library gives back whole pages after a callback freed more than
 * 1 MiB, before it answers: it calls malloc_trim(0), and splits the huge pages of which only a part
 * is still used (see "memory" below). (glibc only. Not with .no_trim, the choice for memory that
 * goes back to the kernel anyway, by munmap() or relief_memory_release().)
 */
#define RELIEF_ANSWER_LATER INT64_MIN

struct relief_module_ops {
	size_t size; /* sizeof(struct relief_module_ops), so that it can grow */
	/*
	 * Free about `bytes`, which is ratio_bp (1 to 10000) of the size last told, the coldest
	 * first, and tell what is left by relief_module_set_size(). The memory is wanted now: no
	 * allocations and no waiting, as far as possible.
	 */
	int64_t (*shed)(struct relief_module *module, uint64_t bytes, uint32_t ratio_bp,
			struct relief_request *request, void *userdata);
	/*
	 * Free all of it. After an answer of 0 or more the module counts as unloaded with size 0,
	 * and the next relief_module_use() loads it.
	 */
	int64_t (*unload)(struct relief_module *module, struct relief_request *request,
			  void *userdata);
	/*
	 * Load it again; called by relief_module_use(), never by reliefd.
	 * Returns: its size now, or a negative errno, which relief_module_use() returns.
	 */
	int64_t (*load)(struct relief_module *module, void *userdata);
};

/*
 * Registers a module, now or as soon as reliefd is there.
 *
 * name: 1 to 63 bytes of printable UTF-8, unique in this struct relief. Copied, as are options and
 * ops. options: NULL for a cache of unknown size. ops: with shed, unload or both.
 * Returns: 0 and *ret, valid until relief_module_unregister() or relief_free(); -EINVAL;
 * -EEXIST the name is taken; -E2BIG options or ops ask for something this library does not know;
 * -ENOMEM. What reliefd itself refuses comes to the error handler.
 */
int relief_module_register(struct relief *relief, struct relief_module **ret, const char *name,
			   const struct relief_module_options *options,
			   const struct relief_module_ops *ops, void *userdata);
/*
 * The same for the module that D-Bus RegisterFD() has registered on this channel already.
 * id: the number at the end of its object path, 7 for ".../module/m7".
 * Returns: also -ENOTSUP not made by relief_new_fd(), or the channel is closed.
 */
int relief_module_adopt(struct relief *relief, struct relief_module **ret, uint64_t id,
			const char *name, const struct relief_module_options *options,
			const struct relief_module_ops *ops, void *userdata);
/*
 * Takes it back and frees it. Its unanswered requests stay valid until relief_request_done(), which
 * is then not sent. NULL is fine. Returns NULL.
 */
struct relief_module *relief_module_unregister(struct relief_module *module);

/*
 * It was used just now. Any thread, any rate: usually one load from memory; at most one message a
 * second (and one wake-up of the loop) comes of it.
 */
void relief_module_touch(struct relief_module *module);
/*
 * Its size now. Any thread, any rate: a few loads and one store. reliefd hears of a change by more
 * than 5 % within 100 ms, of one by more than 1 MiB within a second, and of less with the next
 * request.
 */
void relief_module_set_size(struct relief_module *module, uint64_t bytes);
/* The size as last set. */
uint64_t relief_module_size(const struct relief_module *module);

/*
 * To be called before each use of a module that may be unloaded: touches it, and loads it when it
 * is unloaded. The time that load() takes is reported as the reload cost. Without a load callback
 * it only counts as loaded again. Returns: 0 it is loaded; or what load() returned.
 */
int relief_module_use(struct relief_module *module);
bool relief_module_is_loaded(const struct relief_module *module);
/* True while reliefd knows the module. */
bool relief_module_is_registered(const struct relief_module *module);

/* "" for NULL. Valid as long as the module. */
const char *relief_module_name(const struct relief_module *module);

/* ---- memory --------------------------------------------------------------------------------- */

/*
 * The kernel makes huge pages (2 MiB) of ordinary memory: by default of all of it
 * (/sys/kernel/mm/transparent_hugepage/enabled: always), also later, of small pages that lie side
 * by side. A huge page goes back as a whole: what free() with malloc_trim(), munmap() or
 * madvise(MADV_DONTNEED) take out of one stays charged to the cgroup until the kernel runs short,
 * and may be filled up again before that.
 *
 * A cache in the heap needs nothing: the library splits such pages when it trims the heap. A cache
 * that maps its memory itself gives it back by relief_memory_release(), or in whole huge pages
 * (2 MiB, aligned), or keeps huge pages away from it by relief_memory_no_thp(). Neither needs a
 * struct relief; any thread.
 */

/*
 * Gives whole pages back to the kernel, at once: as madvise(MADV_DONTNEED), but a huge page that
 * lies only partly in the range is split first, and its 2 MiB are not made a huge page again. The
 * range stays mapped and reads as zeros.
 *
 * address: of private anonymous memory, on a page boundary. bytes: an incomplete page at the end
 * stays. Returns: 0; -EINVAL, also where the memory is locked; -ENOMEM some of it is not mapped.
 */
int relief_memory_release(void *address, size_t bytes);

/*
 * Small pages only, from now on, in this memory; huge pages that are there already stay. To be
 * called after mmap(), before the memory is used. With NULL and 0: in all memory of the process and
 * of what it starts (PR_SET_THP_DISABLE), for a service that is mostly a cache in the heap, at the
 * beginning of main(). What has many gigabytes in constant use is slower by that.
 *
 * Returns: 0, also where the kernel has no huge pages; -EINVAL; -ENOMEM it is not mapped.
 */
int relief_memory_no_thp(void *address, size_t bytes);

/* ---- requests ------------------------------------------------------------------------------- */

/*
 * Answers a request whose callback returned RELIEF_ANSWER_LATER, and frees it. Any thread. An
 * answer after the deadline is recorded as late; an answer after the connection was lost goes
 * nowhere.
 *
 * answer: as returned by a callback, except RELIEF_ANSWER_LATER. Returns: 0, or -EINVAL (the
 * request is then still open).
 */
int relief_request_done(struct relief_request *request, int64_t answer);

/* reliefd's number for it, as in its journal. */
uint64_t relief_request_id(const struct relief_request *request);
enum relief_rung relief_request_rung(const struct relief_request *request);
enum relief_level relief_request_level(const struct relief_request *request);
/* Bytes asked for; for an unload the size that reliefd believes in. */
uint64_t relief_request_bytes(const struct relief_request *request);
/* When the answer is late. UINT64_MAX: never. */
uint64_t relief_request_deadline_usec(const struct relief_request *request);
/* Why, in a few words; never NULL. Valid as long as the request. */
const char *relief_request_reason(const struct relief_request *request);

#ifdef __cplusplus
}
#endif
