/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Message ids: one a kind of journal record
 *
 * They never change; packaging/journal/reliefd.catalog explains each (a test holds the two against
 * each other), and `journalctl MESSAGE_ID=...` finds the records.
 */

#define MESSAGE_ID_LEVEL_CHANGED   "3d5a20b9fa504ba59e1ab8053c50ab97"
#define MESSAGE_ID_ACTION_STARTED  "99a7b527c9a84d06a619fa5f7d7e4a98"
#define MESSAGE_ID_ACTION_FINISHED "6d47ef25f10b4098a2ef30cf35e81b81"
#define MESSAGE_ID_ACTION_LATE	   "114f6e71240c4167ade9cde6c2929cb4"
#define MESSAGE_ID_RUNG_MET	   "61fca0db2ec94e078ac41190e6666677"
#define MESSAGE_ID_RUNG_MISSED	   "8bc0996610c44304810faa4a6082c363"
#define MESSAGE_ID_RUNG_SKIPPED	   "81560ee7316742b383591ad51236cd82"
#define MESSAGE_ID_RUNG_STOPPED	   "32c92bd6f4c748c997c0a62c5cf1c37b"
#define MESSAGE_ID_EPISODE_ENDED   "bc9639dc7b454e3d9bc98475187a4733"
#define MESSAGE_ID_EPISODE_GOES_ON "1b927e20aed74784abe590dfed7a2909"
#define MESSAGE_ID_MODULE_DOUBTED  "83212896395e4c0083f8a522e6ebc343"
#define MESSAGE_ID_ORDER_ENDED	   "86eae4583fa543d1a7b5e8ff5b0590ef"
#define MESSAGE_ID_BRAKE_ON	   "72824fd86e0d46fba36412e96da464e3"
#define MESSAGE_ID_BRAKE_OFF	   "1635520094f14173ac7fb881a3fcf7d7"
#define MESSAGE_ID_OOM_KILL	   "d76f5be11e5642758bdd69dc4d306e14"
#define MESSAGE_ID_MASKED	   "1d7db459e038484da2595a834c846edf"
#define MESSAGE_ID_UNMASKED	   "d69d5f74f49647eb9e8f9fe7d2936364"
#define MESSAGE_ID_CONFIG_ERROR	   "6dd369ea48d84eebaafe2ac9c9818e69"
#define MESSAGE_ID_DEGRADED	   "0228a25b12b4497c856136acddc8ecaf"
#define MESSAGE_ID_RESTORED	   "4b0d39173151408daebfc639d490f8ab"
