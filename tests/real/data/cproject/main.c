/* Driver. SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdio.h>
#include "calc.h"

int main(int argc, char **argv)
{
    struct lexer l = { argc > 1 ? argv[1] : "0", 0, 0 };
    double v;

    lex_next(&l);
    v = eval_expr(&l);
    printf("%.10g\n", v);
    return isfinite(v) ? 0 : 3;
}
