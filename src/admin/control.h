/* Commands that change what the process does. */
#pragma once

struct ask;

void control_pause(struct ask *ask);
void control_resume(struct ask *ask);
void control_reconnect(struct ask *ask);
void control_wait_close(struct ask *ask);
void control_kill_client(struct ask *ask);
void control_reload(struct ask *ask);
void control_shutdown(struct ask *ask);
