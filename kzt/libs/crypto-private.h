/*
 * A structure that libssl builds and libcrypto reads, and no public header
 * declares (OpenSSL 3.0 to 3.5).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <openssl/bio.h>

struct bio_method_st {
    int type;
    char *name;
    int (*bwrite)(BIO *, const char *, size_t, size_t *);
    int (*bwrite_old)(BIO *, const char *, int);
    int (*bread)(BIO *, char *, size_t, size_t *);
    int (*bread_old)(BIO *, char *, int);
    int (*bputs)(BIO *, const char *);
    int (*bgets)(BIO *, char *, int);
    long (*ctrl)(BIO *, int, long, void *);
    int (*create)(BIO *);
    int (*destroy)(BIO *);
    long (*callback_ctrl)(BIO *, int, BIO_info_cb *);
};
