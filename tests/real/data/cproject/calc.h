/* A small calculator. SPDX-License-Identifier: GPL-2.0-or-later */
struct lexer { const char *p; int tok; double num; };
void lex_next(struct lexer *l);
double eval_expr(struct lexer *l);
