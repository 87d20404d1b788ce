/* The process: its loops and what runs on them, signals, reload, the end. */
#pragma once

#include "conf/settings.h"

/* What is wrong with the auth_file; NULL if it is fine or there is none. The caller frees it. */
char *process_check_users(const struct settings *settings);

/* Runs until told to stop; takes over the settings. Returns the exit code. */
int process_run(const char *path, struct settings *settings);
