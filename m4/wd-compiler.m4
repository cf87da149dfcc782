# SPDX-License-Identifier: GPL-3.0-or-later

# WD_TRY_FLAGS_(VAR, FLAGS, PROGRAM, COMPILE|LINK, [IF-OK], [IF-NOT])
# Appends FLAGS to VAR where the compiler takes them without a word.
AC_DEFUN([WD_TRY_FLAGS_], [dnl
AC_MSG_CHECKING([whether $CC accepts $2])
wd_save_CFLAGS=$CFLAGS
CFLAGS="$CFLAGS -Werror $2"
AC_$4_IFELSE([$3], [wd_accepted=yes], [wd_accepted=no])
CFLAGS=$wd_save_CFLAGS
AC_MSG_RESULT([$wd_accepted])
AS_IF([test $wd_accepted = yes], [AS_VAR_APPEND([$1], [" $2"]) $5], [$6])])

# WD_CFLAGS_ADD(VAR, FLAG...)
AC_DEFUN([WD_CFLAGS_ADD], [dnl
m4_foreach_w([wd_flag], [$2], [
WD_TRY_FLAGS_([$1], m4_quote(wd_flag), [AC_LANG_SOURCE([[int wd_nothing;]])], [COMPILE])])])

# WD_LDFLAGS_ADD(VAR, FLAG...)
AC_DEFUN([WD_LDFLAGS_ADD], [dnl
m4_foreach_w([wd_flag], [$2], [
WD_TRY_FLAGS_([$1], m4_quote(wd_flag), [AC_LANG_PROGRAM([], [])], [LINK])])])

# WD_FORTIFY(VAR)
# glibc's checks of buffer sizes at their strictest level; without optimisation it refuses them.
AC_DEFUN([WD_FORTIFY], [dnl
WD_TRY_FLAGS_([$1], [-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3],
	[AC_LANG_PROGRAM([[#include <string.h>]], [])], [COMPILE], [],
	[WD_TRY_FLAGS_([$1], [-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2],
		[AC_LANG_PROGRAM([[#include <string.h>]], [])], [COMPILE])])])

# WD_COMPILER
# Sets WD_CPPFLAGS, WD_CFLAGS, WD_LDFLAGS (everything), WD_PROGRAM_LDFLAGS, WD_MODULE_LDFLAGS.
AC_DEFUN([WD_COMPILER], [dnl
AC_ARG_ENABLE([werror],
	[AS_HELP_STRING([--enable-werror], [treat warnings as errors])], [], [enable_werror=no])
AC_ARG_ENABLE([sanitizers],
	[AS_HELP_STRING([--enable-sanitizers], [build with the address and undefined-behaviour sanitizers])],
	[], [enable_sanitizers=no])
AM_CONDITIONAL([SANITIZERS], [test "$enable_sanitizers" = yes])
AC_ARG_ENABLE([fuzzing],
	[AS_HELP_STRING([--enable-fuzzing],
		[link the fuzz targets with libFuzzer and the sanitizers (needs clang)])],
	[], [enable_fuzzing=no])
AM_CONDITIONAL([FUZZING], [test "$enable_fuzzing" = yes])

# Sources define it too, to nothing: the same definition is no redefinition.
WD_CPPFLAGS="-D_GNU_SOURCE="
WD_CFLAGS="-std=gnu17 -fvisibility=hidden -fPIE"
WD_LDFLAGS=
WD_PROGRAM_LDFLAGS=-pie
WD_MODULE_LDFLAGS=

WD_CFLAGS_ADD([WD_CFLAGS], [-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
	-Wold-style-definition -Wformat=2 -Wvla -Wundef -Wpointer-arith -Wwrite-strings
	-Wimplicit-fallthrough -Wdate-time -Wlogical-op -Wduplicated-cond
	-Wno-missing-field-initializers])
WD_CFLAGS_ADD([WD_CFLAGS], [-fno-strict-overflow -fstack-protector-strong
	-fstack-clash-protection -fcf-protection])
WD_LDFLAGS_ADD([WD_LDFLAGS], [-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed])
# What a newer library would rather not have called still works, and the older one has no other way.
AS_IF([test "$enable_werror" = yes],
	[AS_VAR_APPEND([WD_CFLAGS], [" -Werror -Wno-error=deprecated-declarations"])])

AS_IF([test "$enable_fuzzing" = yes], [
	enable_sanitizers=yes
	wd_fuzzing=
	WD_TRY_FLAGS_([wd_fuzzing], [-fsanitize=fuzzer], [AC_LANG_SOURCE([[
		#include <stddef.h>
		#include <stdint.h>
		int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
		int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
		{
			return data && size ? 0 : 0;
		}
	]])], [LINK], [], [AC_MSG_ERROR([--enable-fuzzing needs clang and its run-time libraries])])
	AS_VAR_APPEND([WD_CFLAGS], [" -fsanitize=fuzzer-no-link"])
])
AS_IF([test "$enable_sanitizers" = yes], [
	AS_VAR_APPEND([WD_CFLAGS],
		[" -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"])
	AS_VAR_APPEND([WD_LDFLAGS], [" -fsanitize=address,undefined"])
	AS_VAR_APPEND([WD_CPPFLAGS], [" -DWD_SANITIZED=1"])
], [
	WD_FORTIFY([WD_CPPFLAGS])
	# An undefined symbol would show only when a worker loads the module. With sanitizers,
	# their run-time library is the program's.
	WD_LDFLAGS_ADD([WD_MODULE_LDFLAGS], [-Wl,-z,defs])
])

AC_SUBST([WD_CPPFLAGS])
AC_SUBST([WD_CFLAGS])
AC_SUBST([WD_LDFLAGS])
AC_SUBST([WD_PROGRAM_LDFLAGS])
AC_SUBST([WD_MODULE_LDFLAGS])])
