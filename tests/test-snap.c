/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The snap backend on listings made here, a defect or oddity each. */
#include "backend-log.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define DIR "usr/share/snappy/"
#define YAML DIR "dpkg.yaml"
#define LIST DIR "dpkg.list"
#define QUERY "usr/share/rocks/dpkg.query"
#define HEAD                                                                                       \
	"Desired=Unknown/Install/Remove/Purge/Hold\n| Status=Not/Inst\n|/ Err?=(none)\n"           \
	"||/ Name  Version  Architecture  Description\n+++-=====-======-======-======\n"

static void expect(void **state, const char *path, const char *text, const char *expected)
{
	backend_log_puts(*state, path, text);
	assert_string_equal(backend_log_load(*state, path, 0), expected);
}

static void yaml(void **state)
{
	expect(state, YAML,
	       "package-repositories:\n- type: apt\n  ppa: ucdev/ubuntu/base-ppa\n  packages: "
	       "[x=1]\n"
	       "packages:\n- adduser=3.118ubuntu2\n- libc6:amd64=2.31-0ubuntu9.16\n- \"a=1:2=3\"\n"
	       "more: [packages, {packages: [y=1]}]\n",
	       "F dpkg.yaml\nP adduser 3.118ubuntu2 - - - - - 80\n"
	       "P libc6 2.31-0ubuntu9.16 amd64 - - - - 80\nP a 1:2=3 - - - - - 80\nR ok");
	expect(state, YAML, "packages: []\n", "F dpkg.yaml\nR ok");
}

static void bad_entries(void **state)
{
	expect(state, YAML,
	       "packages:\n- adduser\n- =1\n- a=\n- :amd64=1\n- [b=1]\n- c=1\n- \"\"\n",
	       "F dpkg.yaml\nE corrupt - line 2: not NAME=VERSION\n"
	       "E corrupt - line 3: not NAME=VERSION\nE corrupt - line 4: not NAME=VERSION\n"
	       "E corrupt - line 5: not NAME=VERSION\nP c 1 - - - - - 80\n"
	       "E corrupt - line 8: not NAME=VERSION\nR ok");
}

static void bad_yaml(void **state)
{
	WD_CLEANUP_BUF struct wd_buf deep = WD_BUF_INIT;

	expect(state, YAML, "", "F dpkg.yaml\nR not-mine");
	expect(state, YAML, "x\n", "F dpkg.yaml\nR not-mine");
	expect(state, YAML, "- a=1\n", "F dpkg.yaml\nR not-mine");
	expect(state, YAML, "other: [a=1]\n", "F dpkg.yaml\nR not-mine");
	expect(state, YAML, "packages: a=1\n", "F dpkg.yaml\nR not-mine");
	expect(state, YAML, "packages: [a=1\n",
	       "F dpkg.yaml\nP a 1 - - - - - 80\nE corrupt - line 2: did not find expected ',' or "
	       "']'\n"
	       "R corrupt");
	expect(state, YAML, "a: &a [x]\npackages: *a\n",
	       "F dpkg.yaml\nE unsupported - line 2: an alias\nR unsupported");
	wd_buf_str(&deep, "packages: ");
	for (size_t i = 0; i < 5000; i++)
		wd_buf_byte(&deep, '[');
	wd_buf_byte(&deep, '\0');
	expect(state, YAML, deep.ptr, "F dpkg.yaml\nE limit - line 1: nested too deep\nR limit");
}

static void list(void **state)
{
	expect(state, LIST,
	       HEAD
	       "ii  snapd          2.54.3   amd64  Daemon and tooling\n"
	       "hi  libc6:amd64    2.31-0   amd64  x\nrc  a  1 all y\nun  none  <none> <none> z\n"
	       "iU  b  1 all\niHR c  1 all\niF  d 1 all\nit  e 1 all\n",
	       "F dpkg.list\nP snapd 2.54.3 amd64 - - - - 80\nP libc6 2.31-0 amd64 - - - - a0\n"
	       "P a 1 all - - - - 81\nP b 1 all - - - - 84\nP c 1 all - - - - 82\n"
	       "P d 1 all - - - - 88\nP e 1 all - - - - 90\nR ok");
}

static void bad_list(void **state)
{
	expect(state, LIST, "", "F dpkg.list\nR not-mine");
	expect(state, LIST, "ii a 1 all x\n", "F dpkg.list\nR not-mine");
	expect(state, LIST, HEAD "ii a 1\nxi a 1 all x\nix a 1 all\ni a 1 all\n\nii b 1 all x\n",
	       "F dpkg.list\nE corrupt - line 6: not \"ii NAME VERSION ARCHITECTURE\"\n"
	       "E corrupt - line 7: not \"ii NAME VERSION ARCHITECTURE\"\n"
	       "E corrupt - line 8: not \"ii NAME VERSION ARCHITECTURE\"\n"
	       "E corrupt - line 9: not \"ii NAME VERSION ARCHITECTURE\"\n"
	       "P b 1 all - - - - 80\nR ok");
}

static void superseded(void **state)
{
	backend_log_puts(*state, YAML, "packages: [a=1]\n");
	expect(state, LIST, HEAD "ii a 1 all x\n", "R absent");
}

static void query(void **state)
{
	expect(state, QUERY,
	       "# os-release\nNAME=\"Ubuntu\"\nVERSION_ID=\"22.04\"\nID=ubuntu\n\n# dpkg-query\n"
	       "ii ,adduser,3.118ubuntu5,adduser,3.118ubuntu5\n"
	       "hi ,gcc-12-base:amd64,12.3.0-1,gcc-12,12.3.0-1\n"
	       "rc ,a,1,a,1\nun ,none,,none,\niFR,b,1:2-3,,\n",
	       "F dpkg.query\nP adduser 3.118ubuntu5 - adduser - - - 80\n"
	       "P gcc-12-base 12.3.0-1 amd64 gcc-12 - - - a0\nP a 1 - a - - - 81\n"
	       "P b 1:2-3 - b - - - 88\nR ok");
	/* of a root filesystem without dpkg: no state */
	expect(state, QUERY, "# dpkg-query\n,libc6,2.35,glibc,(2.34)\n,base-files,12,base-files,\n",
	       "F dpkg.query\nP libc6 2.35 - glibc - - - 80\n"
	       "P base-files 12 - base-files - - - 80\nR ok");
}

static void bad_query(void **state)
{
	WD_CLEANUP_BUF struct wd_buf id = WD_BUF_INIT;

	expect(state, QUERY, "", "F dpkg.query\nR not-mine");
	expect(state, QUERY, "# os-release\nID=ubuntu\n", "F dpkg.query\nR not-mine");
	expect(state, QUERY,
	       "# os-release\nID=\"\nVERSION_ID\n=\n# dpkg-query\nii\nii ,a,1\nii ,,1,a,1\n"
	       "ii ,a,,a,1\nxx ,a,1,a,1\nii ,:amd64,1,a,1\nii ,b,1,b,1\n",
	       "F dpkg.query\nE corrupt - line 6: not \"ii ,NAME,VERSION,SOURCE,VERSION\"\n"
	       "E corrupt - line 7: not \"ii ,NAME,VERSION,SOURCE,VERSION\"\n"
	       "E corrupt - line 8: not \"ii ,NAME,VERSION,SOURCE,VERSION\"\n"
	       "E corrupt - line 9: not \"ii ,NAME,VERSION,SOURCE,VERSION\"\n"
	       "E corrupt - line 10: not \"ii ,NAME,VERSION,SOURCE,VERSION\"\n"
	       "E corrupt - line 11: not \"ii ,NAME,VERSION,SOURCE,VERSION\"\n"
	       "P b 1 - b - - - 80\nR ok");
	/* it would go into the record of every package */
	wd_buf_str(&id, "# os-release\nID=");
	for (size_t i = 0; i < 65; i++)
		wd_buf_byte(&id, 'x');
	wd_buf_str(&id, "\n# dpkg-query\nii ,b,1,b,1\n");
	wd_buf_byte(&id, '\0');
	expect(state, QUERY, id.ptr,
	       "F dpkg.query\nE limit - line 2: value is too long\nP b 1 - b - - - 80\nR ok");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, backend_log_setup, backend_log_teardown)
	const struct CMUnitTest tests[] = {
		TEST(yaml),	TEST(bad_entries), TEST(bad_yaml), TEST(list),
		TEST(bad_list), TEST(superseded),  TEST(query),	   TEST(bad_query),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
