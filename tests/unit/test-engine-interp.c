/*
 * The engine tests with the interpreter as the backend.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define ENGINE_TEST_INTERP true
#include "test-engine.c"
