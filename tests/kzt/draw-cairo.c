/*
 * Draw with cairo and write a PNG file through a function of ours.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <cairo.h>
#include <math.h>
#include <stdio.h>

static cairo_status_t put(void *closure, const unsigned char *data,
                          unsigned length)
{
    return fwrite(data, 1, length, closure) == length
           ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

int main(int argc, char **argv)
{
    cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, 160,
                                                    120);
    cairo_t *cr = cairo_create(s);
    cairo_pattern_t *p = cairo_pattern_create_radial(80, 60, 5, 80, 60, 70);
    FILE *f = fopen(argv[1], "wb");

    cairo_pattern_add_color_stop_rgba(p, 0, 1, 1, 0, 1);
    cairo_pattern_add_color_stop_rgba(p, 1, 0, 0.2, 0.8, 0.5);
    cairo_set_source(cr, p);
    cairo_paint(cr);
    cairo_set_source_rgb(cr, 0, 0, 0);
    cairo_set_line_width(cr, 3.5);
    for (int i = 0; i < 12; i++) {
        cairo_move_to(cr, 80, 60);
        cairo_line_to(cr, 80 + 50 * cos(i * M_PI / 6),
                      60 + 50 * sin(i * M_PI / 6));
        cairo_stroke(cr);
    }
    cairo_arc(cr, 80, 60, 30, 0, 1.5 * M_PI);
    cairo_set_operator(cr, CAIRO_OPERATOR_XOR);
    cairo_fill(cr);
    printf("%s\n", cairo_status_to_string(cairo_status(cr)));
    printf("%d\n", cairo_surface_write_to_png_stream(s, put, f));
    fclose(f);
    cairo_pattern_destroy(p);
    cairo_destroy(cr);
    cairo_surface_destroy(s);
    return 0;
}
