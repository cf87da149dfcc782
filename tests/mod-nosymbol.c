/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A shared object that is no backend. */
extern int wd_no_backend;
__attribute__((visibility("default"))) int wd_no_backend = 1;
