/* Tokens. SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <stdlib.h>
#include "calc.h"

void lex_next(struct lexer *l)
{
    while (isspace((unsigned char)*l->p)) {
        l->p++;
    }
    if (isdigit((unsigned char)*l->p)) {
        char *end;

        l->num = strtod(l->p, &end);
        l->p = end;
        l->tok = 'n';
    } else {
        l->tok = *l->p ? *l->p++ : 0;
    }
}
