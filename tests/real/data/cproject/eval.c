/* Recursive descent. SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include "calc.h"

static double atom(struct lexer *l)
{
    double v;

    if (l->tok == '(') {
        lex_next(l);
        v = eval_expr(l);
    } else if (l->tok == '-') {
        lex_next(l);
        return -atom(l);
    } else {
        v = l->num;
    }
    lex_next(l);
    return v;
}

static double power(struct lexer *l)
{
    double v = atom(l), r = 1;

    if (l->tok == '^') {
        lex_next(l);
        for (int n = (int)atom(l); n > 0; n--) {
            r *= v;
        }
        return r;
    }
    return v;
}

static double term(struct lexer *l)
{
    double v = power(l);

    while (l->tok == '*' || l->tok == '/') {
        int op = l->tok;

        lex_next(l);
        v = op == '*' ? v * power(l) : v / power(l);
    }
    return v;
}

double eval_expr(struct lexer *l)
{
    double v = term(l);

    while (l->tok == '+' || l->tok == '-') {
        int op = l->tok;

        lex_next(l);
        v = op == '+' ? v + term(l) : v - term(l);
    }
    return v;
}
