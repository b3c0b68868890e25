/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * API: the names of org.reliefd.Relief1 that reliefctl uses
 *
 * Documented in packaging/dbus/org.reliefd.Relief1.*.xml; nowhere else in this folder is a name
 * of the bus spelled out.
 */

#define API_NAME      "org.reliefd.Relief1"
#define API_PATH      "/org/reliefd/Relief1"
#define API_MODULE    API_PATH "/module/m" /* and the module's id */
#define API_I_MANAGER API_NAME ".Manager"
#define API_I_GROUP   API_NAME ".Group"
#define API_I_MODULE  API_NAME ".Module"
#define API_I_AGENT   API_NAME ".Agent"

/* Manager */
#define API_GET_GROUP_BY_CONTROL_GROUP "GetGroupByControlGroup"
#define API_GET_GROUP_BY_UNIT	       "GetGroupByUnit"
#define API_GET_TOP_TASKS	       "GetTopTasks"
#define API_GET_SUGGESTIONS	       "GetSuggestions"
#define API_RELOAD		       "Reload"
#define API_REGISTER		       "Register"
#define API_MASK		       "Mask"
#define API_UNMASK		       "Unmask"
#define API_MASKED		       "Masked"
#define API_GET_SETTINGS	       "GetSettings"
#define API_SET_DRY_RUN		       "SetDryRun"
#define API_VERSION		       "Version"
#define API_PROFILE		       "Profile"
#define API_DRY_RUN		       "DryRun"
#define API_DEGRADED_REASONS	       "DegradedReasons"
#define API_PROBLEMS		       "Problems"
#define API_GROWTH_CLOCK	       "GrowthClock"
#define API_TRIPWIRE_WAKES	       "TripwireWakes"
#define API_LOST_EVENTS		       "LostKernelEvents"
#define API_BRAKE_MODE		       "BrakeMode"
#define API_N_HELD		       "NHeld"
#define API_N_GROUPS		       "NGroups"
#define API_UNFOLLOWED		       "Unfollowed"
#define API_N_REQUESTS		       "NRequests"
#define API_N_LATE		       "NLate"
#define API_N_EPISODES		       "NEpisodes"
#define API_MEMORY_TOTAL	       "MemoryTotal"
#define API_MEMORY_AVAILABLE	       "MemoryAvailable"
#define API_HOST_SOME		       "PressureSomeUSec"
#define API_HOST_FULL		       "PressureFullUSec"
#define API_RESULTS		       "RequestsByResult"
#define API_TRIGGER_WINDOW	       "TriggerWindowUSec"
#define API_LEVEL_CHANGED	       "LevelChanged"
#define API_ACTION_STARTED	       "ActionStarted"
#define API_ACTION_FINISHED	       "ActionFinished"
#define API_BRAKE_CHANGED	       "BrakeChanged"
#define API_EPISODE_ENDED	       "EpisodeEnded"

/* Manager and Group */
#define API_RELIEVE	     "Relieve"
#define API_LEVEL	     "Level"
#define API_RUNG	     "Rung"
#define API_ATTRIBUTION	     "Attribution"
#define API_SIGNAL	     "Signal"
#define API_RECOVERING_TO    "RecoveringTo"
#define API_RECOVERING_UNTIL "RecoveringUntilUSec"
#define API_N_MODULES	     "NModules"
#define API_HEADROOM	     "Headroom"
#define API_GROWTH	     "GrowthBytesPerSecond"
#define API_GROWER	     "Grower"
#define API_GROWER_GROWTH    "GrowerBytesPerSecond"
#define API_TIME_LEFT	     "TimeLeftUSec"
#define API_CONFIDENCE	     "TimeLeftConfidence"

/* Group and Module */
#define API_ID		  "Id"
#define API_CONTROL_GROUP "ControlGroup"
#define API_UNIT	  "Unit"

/* Group */
#define API_LEVEL_TIMESTAMP	"LevelTimestampMonotonic"
#define API_PROTECTED		"Protected"
#define API_EXCLUDED		"Excluded"
#define API_EXCLUDED_BY		"ExcludedBy"
#define API_PRIORITY		"Priority"
#define API_PRIORITY_BY		"PriorityBy"
#define API_BRAKE		"Brake"
#define API_BRAKE_UNTIL		"BrakeUntilUSec"
#define API_BRAKE_REASON	"BrakeReason"
#define API_BRAKES		"Brakes"
#define API_DIRECT_RECLAIMS	"DirectReclaims"
#define API_DIRECT_RECLAIM_TIME "DirectReclaimUSec"
#define API_MEMORY_CURRENT	"MemoryCurrent"
#define API_MEMORY_MAX		"MemoryMax"
#define API_MEMORY_HIGH		"MemoryHigh"
#define API_MEMORY_SWAP		"MemorySwapCurrent"
#define API_SOME		"SomeTotalUSec"
#define API_FULL		"FullTotalUSec"
#define API_OOM_KILLS		"OOMKills"

/* Module */
#define API_REPORT	"Report"
#define API_MODULE_NAME "Name"
#define API_KIND	"Kind"
#define API_SIZE	"Size"
#define API_IDLE	"IdleUSec"
#define API_KEEP	"Keep"
#define API_UNLOADED	"Unloaded"
#define API_DEMOTED	"Demoted"
#define API_YIELD	"YieldRatio"
#define API_LATENCY	"LastLatencyUSec"

/* Manager and Module */
#define API_CLAIMED_BYTES "ClaimedBytes"
#define API_FREED_BYTES	  "FreedBytes"

/* An entry of GetTopTasks, as a JSON object; Unit and ControlGroup as above. */
#define API_TASK_TYPE	    "(uussssstbttt)"
#define API_TASK_PID	    "PID"
#define API_TASK_UID	    "UID"
#define API_TASK_COMM	    "Comm"
#define API_TASK_POD	    "PodUID"
#define API_TASK_CONTAINER  "ContainerID"
#define API_TASK_RSS	    "RSS"
#define API_TASK_RSS_EXACT  "RSSExact"
#define API_TASK_SWAP	    "Swap"
#define API_TASK_GROWS_FROM "GrowingSinceMonotonic"

/* Others on the bus */
#define DBUS_NAME	"org.freedesktop.DBus"
#define DBUS_PATH	"/org/freedesktop/DBus"
#define DBUS_I_PROPS	"org.freedesktop.DBus.Properties"
#define DBUS_I_OBJECTS	"org.freedesktop.DBus.ObjectManager"
#define SYSTEMD_NAME	"org.freedesktop.systemd1"
#define SYSTEMD_PATH	"/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"
#define SYSTEMD_UNIT	"org.freedesktop.systemd1.Unit"
#define POLKIT_NAME	"org.freedesktop.PolicyKit1"
