/* A disk that flushes slowly, for whoever is started with this in LD_PRELOAD.
 *
 * FLUSH_DELAY_FILE names a file of four bytes: the microseconds, in the machine's own order, by
 * which every fsync and fdatasync is late from now on. It is read anew each time, so that one
 * running process can be measured on several disks in turns.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static const volatile uint32_t *delay;
static int (*real_fsync)(int), (*real_fdatasync)(int);

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("FLUSH_DELAY_FILE");
	int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *found = file < 0 ? MAP_FAILED : mmap(0, 4, PROT_READ, MAP_SHARED, file, 0);

	if (found == MAP_FAILED)
		abort();
	close(file);
	delay = found;
	real_fsync = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
	real_fdatasync = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
}

static void wait_first(void)
{
	uint32_t us = *delay;
	struct timespec late = {us / 1000000, us % 1000000 * 1000L};

	if (us)
		nanosleep(&late, 0);
}

int fsync(int file)
{
	wait_first();
	return real_fsync(file);
}

int fdatasync(int file)
{
	wait_first();
	return real_fdatasync(file);
}
