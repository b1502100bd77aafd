/*
 * Hosts without a code generator: the engine then uses the interpreter.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tcg/tcg-backend.h"

const TCGBackend *const tcg_host_backend;
