/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libmicrohttpd, loaded once somebody wants it: it brings a library of TLS along, which nobody
 * needs in a service of root that listens nowhere.
 */
#ifndef MICROHTTPD_H
#define MICROHTTPD_H

#include <microhttpd.h>

/* Its functions by their names, without "MHD_". */
struct microhttpd {
	__typeof__(MHD_start_daemon) *start_daemon;
	__typeof__(MHD_stop_daemon) *stop_daemon;
	__typeof__(MHD_run) *run;
	__typeof__(MHD_get_timeout) *get_timeout;
	__typeof__(MHD_get_daemon_info) *get_daemon_info;
	__typeof__(MHD_get_connection_info) *get_connection_info;
	__typeof__(MHD_set_connection_option) *set_connection_option;
	__typeof__(MHD_create_response_from_buffer) *create_response_from_buffer;
	__typeof__(MHD_add_response_header) *add_response_header;
	__typeof__(MHD_queue_response) *queue_response;
	__typeof__(MHD_destroy_response) *destroy_response;
};

/* NULL if it is not installed; says so. */
const struct microhttpd *microhttpd_load(void);

#endif
