/*
 * Random memory calls with shared file mappings at any page, and beyond the
 * end of the file, which needs a host with 4 KiB pages.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
/* timeout: 120 */
/* large: shared mappings at any page */
#define VIEW MAP_SHARED
#define FILE_PAGES 16
#include "mem-random.c"
