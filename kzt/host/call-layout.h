/*
 * Offsets in KztArgs, for the assembly that loads registers from it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef KZT_HOST_CALL_LAYOUT_H
#define KZT_HOST_CALL_LAYOUT_H

#define KZT_ARGS_FP         64
#define KZT_ARGS_NSTACK     128
#define KZT_ARGS_INT_RESULT 136
#define KZT_ARGS_FP_RESULT  144
#define KZT_ARGS_STACK      152

#endif
