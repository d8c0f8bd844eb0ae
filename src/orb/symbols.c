// SPDX-License-Identifier: Apache-2.0
#include "orb/symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
	const ElfW(Sym) * symbols;
	size_t count;
	const char *names;
	size_t names_size;
	uintptr_t base; /* where the program lies in memory */
} program;

/* The first object is the program itself. */
static int on_object(struct dl_phdr_info *info, size_t size, void *user)
{
	program.base = info->dlpi_addr;
	return 1;
}

static bool lies_inside(size_t size, ElfW(Off) at, ElfW(Xword) len)
{
	return at <= size && len <= size - at;
}

static int take_table(const char *file, size_t size, const ElfW(Shdr) * sections, size_t count,
		      const ElfW(Shdr) * table)
{
	if (table->sh_link >= count || !lies_inside(size, table->sh_offset, table->sh_size)) {
		return -ENOEXEC;
	}
	const ElfW(Shdr) *names = &sections[table->sh_link];
	if (!lies_inside(size, names->sh_offset, names->sh_size) || names->sh_size == 0 ||
	    file[names->sh_offset + names->sh_size - 1] != '\0') {
		return -ENOEXEC;
	}
	program.symbols = (const void *)(file + table->sh_offset);
	program.count = table->sh_size / sizeof(ElfW(Sym));
	program.names = file + names->sh_offset;
	program.names_size = names->sh_size;
	return 0;
}

static int read_file(const char *file, size_t size)
{
	const ElfW(Ehdr) *head = (const void *)file;
	if (size < sizeof(*head) || memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 ||
	    head->e_shentsize != sizeof(ElfW(Shdr)) ||
	    !lies_inside(size, head->e_shoff, (ElfW(Xword))head->e_shnum * head->e_shentsize)) {
		return -ENOEXEC;
	}
	const ElfW(Shdr) *sections = (const void *)(file + head->e_shoff);
	/* A stripped program has the smaller table only. */
	static const ElfW(Word) kinds[] = {SHT_SYMTAB, SHT_DYNSYM};
	for (size_t kind = 0; kind < 2; kind++) {
		for (size_t i = 0; i < head->e_shnum; i++) {
			if (sections[i].sh_type == kinds[kind]) {
				return take_table(file, size, sections, head->e_shnum,
						  &sections[i]);
			}
		}
	}
	return -ENOENT;
}

int tc_symbols_init(void)
{
	if (program.symbols) {
		return 0;
	}
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0) {
		int err = -errno;
		if (fd >= 0) {
			close(fd);
		}
		return err;
	}
	const char *file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	int err = file == MAP_FAILED ? -errno : 0;
	close(fd);
	dl_iterate_phdr(on_object, NULL);
	return err ? err : read_file(file, (size_t)st.st_size);
}

const char *tc_symbols_find(uintptr_t address, uintptr_t *offset)
{
	for (size_t i = 0; i < program.count; i++) {
		const ElfW(Sym) *symbol = &program.symbols[i];
		uintptr_t from = program.base + symbol->st_value;
		if (ELF64_ST_TYPE(symbol->st_info) == STT_FUNC && symbol->st_value &&
		    address >= from && address - from < symbol->st_size &&
		    symbol->st_name < program.names_size) {
			*offset = address - from;
			return program.names + symbol->st_name;
		}
	}
	return NULL;
}
