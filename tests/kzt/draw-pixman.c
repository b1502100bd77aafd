/*
 * Draw with pixman: solid fills, compositing with every operator, gradients,
 * transforms, filters, regions, a destroy function of ours.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <pixman.h>
#include <stdio.h>
#include <stdlib.h>

#define W 96
#define H 64

static int destroyed;

static void on_destroy(pixman_image_t *image, void *data)
{
    destroyed += *(int *)data;
}

static uint32_t digest(pixman_image_t *image)
{
    uint32_t *p = pixman_image_get_data(image), h = 2166136261u;

    for (int i = 0; i < W * H; i++) {
        h = (h ^ p[i]) * 16777619u;
    }
    return h;
}

int main(void)
{
    static const pixman_gradient_stop_t stops[] = {
        { 0, { 0xffff, 0, 0, 0xffff } },
        { pixman_int_to_fixed(1), { 0, 0, 0xffff, 0x8000 } },
    };
    pixman_point_fixed_t from = { 0, 0 };
    pixman_point_fixed_t to = { pixman_int_to_fixed(W),
                                pixman_int_to_fixed(H) };
    pixman_image_t *dst = pixman_image_create_bits(PIXMAN_a8r8g8b8, W, H,
                                                   NULL, 0);
    pixman_image_t *src = pixman_image_create_bits(PIXMAN_a8r8g8b8, W, H,
                                                   NULL, 0);
    pixman_image_t *grad = pixman_image_create_linear_gradient(&from, &to,
                                                               stops, 2);
    pixman_color_t red = { 0x8000, 0, 0x1000, 0x9000 };
    pixman_rectangle16_t box = { 5, 6, 40, 30 };
    pixman_transform_t t;
    pixman_region32_t a, b;
    pixman_box32_t *ext;
    int one = 1, n;

    pixman_image_set_destroy_function(src, on_destroy, &one);
    pixman_image_fill_rectangles(PIXMAN_OP_SRC, src, &red, 1, &box);
    for (int op = PIXMAN_OP_CLEAR; op <= PIXMAN_OP_SATURATE; op++) {
        pixman_image_composite32(op, grad, NULL, dst, 0, 0, 0, 0, 0, 0, W, H);
        pixman_image_composite32(op, src, NULL, dst, 0, 0, 0, 0, 3, 2, W, H);
        printf("%d %08x\n", op, digest(dst));
    }
    pixman_transform_init_rotate(&t, pixman_double_to_fixed(0.8),
                                 pixman_double_to_fixed(0.6));
    pixman_image_set_transform(src, &t);
    pixman_image_set_filter(src, PIXMAN_FILTER_BILINEAR, NULL, 0);
    pixman_image_set_repeat(src, PIXMAN_REPEAT_REFLECT);
    pixman_image_composite32(PIXMAN_OP_OVER, src, grad, dst, 0, 0, 0, 0, 0, 0,
                             W, H);
    printf("transformed %08x\n", digest(dst));
    pixman_region32_init_rect(&a, 0, 0, 50, 50);
    pixman_region32_init_rect(&b, 25, 25, 50, 50);
    pixman_region32_subtract(&a, &a, &b);
    ext = pixman_region32_rectangles(&a, &n);
    printf("region %d: %d,%d %d,%d\n", n, ext[0].x1, ext[0].y1, ext[0].x2,
           ext[0].y2);
    pixman_region32_fini(&a);
    pixman_region32_fini(&b);
    pixman_image_unref(src);
    pixman_image_unref(grad);
    pixman_image_unref(dst);
    printf("destroyed %d, version %s\n", destroyed, pixman_version_string());
    return 0;
}
