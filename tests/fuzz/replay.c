// SPDX-License-Identifier: Apache-2.0
/* Runs a fuzz target over its corpus as an ordinary test: replay FILE-OR-FOLDER...
 *
 * Each input is a heap block of exactly its size, so that a sanitizer sees a read past its end;
 * each is tried whole, and cut at every length while it is short. An empty folder is an error: a
 * test that ran nothing must not pass.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define REPLAY_MAX (1024 * 1024)
#define CUT_BELOW  512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run_cut(const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1);
	if (!exact) {
		abort();
	}
	memcpy(exact, data, size);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
}

static int run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = malloc(REPLAY_MAX);
	if (!file || !data) {
		perror(path);
		exit(1);
	}
	size_t size = fread(data, 1, REPLAY_MAX, file);
	fclose(file);
	run_cut(data, size);
	for (size_t n = 0; size <= CUT_BELOW && n < size; n++) {
		run_cut(data, n);
	}
	free(data);
	return 1;
}

static int run_path(const char *path)
{
	struct stat st;
	if (stat(path, &st) < 0) {
		perror(path);
		exit(1);
	}
	if (!S_ISDIR(st.st_mode)) {
		return run_file(path);
	}
	struct dirent **list;
	int count = scandir(path, &list, NULL, alphasort);
	int ran = 0;
	for (int i = 0; i < count; i++) {
		char inner[4096];
		snprintf(inner, sizeof(inner), "%s/%s", path, list[i]->d_name);
		if (list[i]->d_name[0] != '.') {
			ran += run_path(inner);
		}
		free(list[i]);
	}
	if (count >= 0) {
		free(list);
	}
	return ran;
}

int main(int argc, char **argv)
{
	int ran = 0;
	for (int i = 1; i < argc; i++) {
		ran += run_path(argv[i]);
	}
	printf("%d inputs\n", ran);
	return ran > 0 ? 0 : 1;
}
