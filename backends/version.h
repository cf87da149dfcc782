/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The order of versions, for package managers that have no library for it. Each returns a number
 * below, equal to or above 0, for any two texts.
 */
#ifndef WD_VERSION_H
#define WD_VERSION_H

/*
 * apk-tools 3, src/version.c: numbers separated by dots, a letter, suffixes _alpha, _beta, _pre and
 * _rc before the version itself, _cvs, _svn, _git, _hg and _p behind it, ~ and a commit's hash, -r
 * and a number. A number behind a dot that begins with zeros is a fraction.
 */
int wd_version_apk(const char *a, const char *b);

/*
 * libalpm's version.c: [epoch:]version[-pkgrel]; runs of digits and of letters are compared one by
 * one, and pkgrel only where both have one.
 */
int wd_version_pacman(const char *a, const char *b);

#endif
