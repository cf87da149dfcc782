# SPDX-License-Identifier: GPL-3.0-or-later
#
# Libraries, and the report of all that are missing at once. `./dev` reads the package names from
# the WD_DEPENDENCY lines of configure.ac: keep each on one line, with its four arguments in
# brackets, separated by ", ".

# WD_MISSING_(WHAT, DEBIAN, FEDORA)
AC_DEFUN([WD_MISSING_], [dnl
AS_VAR_APPEND([wd_missing], ["
  $1"])
AS_VAR_APPEND([wd_missing_debian], [" $2"])
AS_VAR_APPEND([wd_missing_fedora], [" $3"])])

# WD_DEPENDENCIES_INIT
AC_DEFUN([WD_DEPENDENCIES_INIT], [dnl
PKG_PROG_PKG_CONFIG
wd_missing=
wd_missing_debian=
wd_missing_fedora=
AS_IF([test -z "$PKG_CONFIG"], [WD_MISSING_([pkg-config], [pkgconf], [pkgconf-pkg-config])])])

# WD_DEPENDENCY(VAR, PKG-CONFIG MODULE, DEBIAN, FEDORA)
# Sets VAR_CFLAGS and VAR_LIBS.
AC_DEFUN([WD_DEPENDENCY], [dnl
PKG_CHECK_MODULES([$1], [$2], [], [WD_MISSING_([$2], [$3], [$4])])])

# WD_DEPENDENCY_STATIC(VAR, PKG-CONFIG MODULE, DEBIAN, FEDORA)
# As WD_DEPENDENCY, for a library that exists only as an archive: VAR_LIBS names what it needs too.
AC_DEFUN([WD_DEPENDENCY_STATIC], [dnl
PKG_CHECK_MODULES_STATIC([$1], [$2], [], [WD_MISSING_([$2], [$3], [$4])])])

# WD_DEPENDENCY_DB(VAR, MAJOR.MINOR, DEBIAN, FEDORA)
# Berkeley DB, which has no pkg-config file: its header says the version. It can be done without
# (distributions drop it): --without-libdb, or where it is not there. Sets the conditional WITH_LIBDB.
AC_DEFUN([WD_DEPENDENCY_DB], [dnl
AC_ARG_WITH([libdb], [AS_HELP_STRING([--without-libdb],
	[read Berkeley DB files without Berkeley DB; most tests of rpm databases need it])],
	[], [with_libdb=auto])
wd_have_libdb=no
AS_IF([test "$with_libdb" != no], [
	AC_MSG_CHECKING([for Berkeley DB >= $2])
	wd_save_LIBS=$LIBS
	LIBS="-ldb $LIBS"
	AC_LINK_IFELSE([AC_LANG_PROGRAM([[
		#include <db.h>
		#define WD_NEED(major, minor) ((major) * 1000 + (minor))
		#if DB_VERSION_MAJOR * 1000 + DB_VERSION_MINOR < WD_NEED(]m4_translit([$2], [.], [,])[)
		#error "too old"
		#endif
	]], [[DB *db; return db_create(&db, 0, 0);]])], [wd_have_libdb=yes])
	LIBS=$wd_save_LIBS
	AC_MSG_RESULT([$wd_have_libdb])])
AS_IF([test "$wd_have_libdb" = yes], [$1_LIBS=-ldb],
	[test "$with_libdb" = yes], [WD_MISSING_([Berkeley DB >= $2], [$3], [$4])])
AC_SUBST([$1_LIBS])
AM_CONDITIONAL([WITH_LIBDB], [test "$wd_have_libdb" = yes])])

# WD_OPTIONAL_DEPENDENCY(VAR, PKG-CONFIG MODULE, DEBIAN, FEDORA)
# What the program is only slower without, and some architectures lack. Sets the conditional WITH_VAR.
AC_DEFUN([WD_OPTIONAL_DEPENDENCY], [dnl
PKG_CHECK_MODULES([$1], [$2], [wd_have_$1=yes], [wd_have_$1=no])
AM_CONDITIONAL([WITH_$1], [test "$wd_have_$1" = yes])])

# WD_CHECK_DEPENDENCY(VAR, PKG-CONFIG MODULE, DEBIAN, FEDORA)
# Needed by `make check` only: its absence is reported and does not stop the build. Sets the
# conditional HAVE_VAR.
AC_DEFUN([WD_CHECK_DEPENDENCY], [dnl
PKG_CHECK_MODULES([$1], [$2], [wd_have_$1=yes], [wd_have_$1=no
	AC_MSG_WARN([$2 is missing, so "make check" will fail. Debian: $3. Fedora: $4])])
AM_CONDITIONAL([HAVE_$1], [test "$wd_have_$1" = yes])])

# WD_DEPENDENCIES_DONE
AC_DEFUN([WD_DEPENDENCIES_DONE], [dnl
AS_IF([test -n "$wd_missing"], [AC_MSG_ERROR([these are missing or too old:$wd_missing
On Debian:  apt-get install$wd_missing_debian
On Fedora:  dnf install$wd_missing_fedora])])])
