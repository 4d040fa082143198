// SPDX-License-Identifier: Apache-2.0
// Included before everything (-include): names that must not be used. A use is a compile error.
// The headers that declare them come first, for a poisoned name may not appear even there.
#ifndef ZOOC_BANNED_H
#define ZOOC_BANNED_H

#include <alloca.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

// They write without a bound: use strbuf.h, arena_printf or snprintf.
#undef sprintf // macros of glibc where the compiler is clang
#undef vsprintf
#pragma GCC poison strcpy strcat stpcpy sprintf vsprintf gets strncat strncpy
// They keep a hidden buffer that threads share, and the time of day has no place in an output.
#pragma GCC poison gmtime localtime asctime ctime asctime_r ctime_r strtok
// They cannot report an error: use strtol and friends with the end checked.
#pragma GCC poison atoi atol atoll atof
// The stack cannot say no; a temporary name that can be guessed is somebody else's file.
#undef alloca // a macro of glibc
#pragma GCC poison alloca tmpnam tempnam mktemp
// The binary stays in the C locale, so that numbers are read and printed in one way.
#pragma GCC poison setlocale

#endif
