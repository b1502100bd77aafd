/*
 * A plugin for Debian's qemu-user that counts executed instructions and writes
 * the number to the file given as out=FILE.
 *
 * The few functions of the plugin interface that it uses (QEMU's documentation,
 * "TCG Plugins") are declared here, because no package has the header.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef uint64_t PluginId;
struct PluginTB;

void qemu_plugin_register_vcpu_tb_trans_cb(
    PluginId id, void (*cb)(PluginId id, struct PluginTB *tb));
void qemu_plugin_register_vcpu_tb_exec_inline(struct PluginTB *tb, int op,
                                              void *ptr, uint64_t imm);
size_t qemu_plugin_tb_n_insns(const struct PluginTB *tb);
void qemu_plugin_register_atexit_cb(PluginId id,
                                    void (*cb)(PluginId id, void *data),
                                    void *data);

enum { INLINE_ADD_U64 = 0 };

int qemu_plugin_version = 1;
static uint64_t count;
static char path[256];

static void translated(PluginId id, struct PluginTB *tb)
{
    qemu_plugin_register_vcpu_tb_exec_inline(tb, INLINE_ADD_U64, &count,
                                             qemu_plugin_tb_n_insns(tb));
}

static void at_exit(PluginId id, void *data)
{
    FILE *f = fopen(path, "w");

    if (f) {
        fprintf(f, "%" PRIu64 "\n", count);
        fclose(f);
    }
}

int qemu_plugin_install(PluginId id, const void *info, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        if (!strncmp(argv[i], "out=", 4)) {
            snprintf(path, sizeof(path), "%s", argv[i] + 4);
        }
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, at_exit, NULL);
    return 0;
}
