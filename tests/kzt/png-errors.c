/*
 * libpng with functions of ours for reading, warnings and errors: an error
 * leaves libpng with longjmp().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

static jmp_buf out;

static void on_error(png_structp png, png_const_charp text)
{
    printf("error: %s\n", text);
    longjmp(out, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
    printf("warning: %s\n", text);
}

static void get(png_structp png, png_bytep data, size_t n)
{
    if (fread(data, 1, n, png_get_io_ptr(png)) != n) {
        png_error(png, "the file ends");
    }
}

static void show(const char *name)
{
    FILE *f = fopen(name, "rb");
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL,
                                             on_error, on_warning);
    png_infop info = png_create_info_struct(png);
    unsigned sum = 0;

    if (!setjmp(out)) {
        png_set_read_fn(png, f, get);
        png_read_info(png, info);
        printf("%s: %u x %u, %zu bytes a row\n", name,
               png_get_image_width(png, info),
               png_get_image_height(png, info), png_get_rowbytes(png, info));
        png_bytep row = malloc(png_get_rowbytes(png, info));
        for (unsigned y = 0; y < png_get_image_height(png, info); y++) {
            png_read_row(png, row, NULL);
            for (size_t i = 0; i < png_get_rowbytes(png, info); i++) {
                sum = sum * 31 + row[i];
            }
        }
        printf("sum %u\n", sum);
        free(row);
    }
    png_destroy_read_struct(&png, &info, NULL);
    fclose(f);
}

int main(int argc, char **argv)
{
    for (int n = 0; n < 3; n++) {
        for (int i = 1; i < argc; i++) {
            show(argv[i]);
        }
    }
    return 0;
}
