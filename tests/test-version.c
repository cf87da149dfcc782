/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The order of versions. apk's table: apk-tools, test/version.data and the rules of its source.
 * pacman's: pacman's test/util/vercmptest.sh.
 */
#include "../backends/version.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct pair {
	const char *a;
	char order;
	const char *b;
};

static void check(int (*compare)(const char *, const char *), const struct pair *p)
{
	int there = compare(p->a, p->b), back = compare(p->b, p->a);
	char order = there < 0 ? '<' : there > 0 ? '>' : '=';

	if (order != p->order || (there < 0) != (back > 0) || (there > 0) != (back < 0))
		fail_msg("%s %c %s, got %c (%d, %d)", p->a, p->order, p->b, order, there, back);
}

static void test_apk(void **state)
{
	static const struct pair table[] = {
		{"2.34", '>', "0.1.0_alpha"},
		{"0.1.0_alpha", '=', "0.1.0_alpha"},
		{"0.1.0_alpha", '<', "0.1.3_alpha"},
		{"0.1.0_alpha2", '>', "0.1.0_alpha"},
		{"0.1.0", '>', "0.1.0_rc1"},
		{"1.0_pre2", '<', "1.0_rc1"},
		{"1.0", '<', "1.0_p1"},
		{"1.0_p10", '>', "1.0_p9"},
		{"1.2.0-r1", '>', "1.2.0-r0"},
		{"1.2.0-r10", '>', "1.2.0-r9"},
		{"1.2.0", '<', "1.2.0-r0"},
		{"1.0a", '<', "1.0b"},
		{"1.0", '<', "1.0a"},
		{"1.0a", '<', "1.0.1"},
		{"6.0_p1", '>', "6.0"},
		{"4.09", '<', "5.0"},
		{"1.1", '<', "1.10"},
		{"1.01", '<', "1.1"},
		{"1.001", '<', "1.01"},
		{"3.0.15-r0", '<', "3.0.15-r1"},
		{"20220527-r0", '<', "20230506-r0"},
		{"1.36.1-r2", '>', "1.35.0-r29"},
		{"9.3.2_git20210424", '>', "9.3.2"},
		{"99999999999999999999999", '>', "1"},
		{"", '=', ""},
		{"1.0x.", '=', "1.0x."},
		{"1.0", '>', "1.0_alpha"},
		{"1.0~ab", '>', "1.0"},
		{"1.0~ab-r1", '>', "1.0~ab-r0"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		check(wd_version_apk, &table[i]);
}

static void test_pacman(void **state)
{
	static const struct pair table[] = {
		{"1.5.0", '=', "1.5.0"},
		{"1.5.1", '>', "1.5.0"},
		{"1.5.1", '>', "1.5"},
		{"1.5.0-1", '=', "1.5.0-1"},
		{"1.5.0-1", '<', "1.5.0-2"},
		{"1.5.0-1", '<', "1.5.1-1"},
		{"1.5.0-2", '<', "1.5.1-1"},
		{"1.5-1", '<', "1.5.1-1"},
		{"1.5-2", '<', "1.5.1-1"},
		{"1.5-2", '<', "1.5.1-2"},
		{"1.5", '=', "1.5-1"},
		{"1.5-1", '=', "1.5"},
		{"1.1-1", '=', "1.1"},
		{"1.0-1", '<', "1.1"},
		{"1.1-1", '>', "1.0"},
		{"1.5b-1", '<', "1.5-1"},
		{"1.5b", '<', "1.5"},
		{"1.5b-1", '<', "1.5"},
		{"1.5b", '<', "1.5.1"},
		{"1.0a", '<', "1.0alpha"},
		{"1.0alpha", '<', "1.0b"},
		{"1.0b", '<', "1.0beta"},
		{"1.0beta", '<', "1.0rc"},
		{"1.0rc", '<', "1.0"},
		{"1.5.a", '>', "1.5"},
		{"1.5.b", '>', "1.5.a"},
		{"1.5.1", '>', "1.5.b"},
		{"1.5.b-1", '=', "1.5.b"},
		{"1.5-1", '<', "1.5.b"},
		{"2.0", '=', "2_0"},
		{"2.0_a", '=', "2_0.a"},
		{"2.0a", '<', "2.0.a"},
		{"2___a", '>', "2_a"},
		{"0:1.0", '=', "0:1.0"},
		{"0:1.0", '<', "0:1.1"},
		{"1:1.0", '>', "0:1.0"},
		{"1:1.0", '>', "0:1.1"},
		{"1:1.0", '<', "2:1.1"},
		{"1:1.0", '>', "0:1.0-1"},
		{"1:1.0-1", '>', "0:1.1-1"},
		{"0:1.0", '=', "1.0"},
		{"0:1.0", '<', "1.1"},
		{"0:1.1", '>', "1.0"},
		{"1:1.0", '>', "1.0"},
		{"1:1.0", '>', "1.1"},
		{"1:1.1", '>', "1.1"},
		{"", '=', ""},
		{"001", '=', "1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		check(wd_version_pacman, &table[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_apk),
		cmocka_unit_test(test_pacman),
	};

	return cmocka_run_group_tests_name("version", tests, NULL, NULL);
}
