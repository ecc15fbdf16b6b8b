// SPDX-License-Identifier: GPL-2.0-only
/*
 * The floor: programs that return at once, on the hooks of the layer, under the names
 * of the layer's programs. What they cost is what any layer on these hooks would.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define HOOK(name, section)                                                                        \
	SEC(section)                                                                               \
	int name(void *ctx)                                                                        \
	{                                                                                          \
		return 0;                                                                          \
	}

/* clang-format off */
HOOK(namespace_made,		"fentry/sysctl_net_init")
HOOK(namespace_gone,		"fentry/sysctl_net_exit")
HOOK(device_opened,		"fexit/misc_open")
HOOK(device_closed,		"fentry/vhost_vsock_dev_release")
HOOK(device_file_freed,		"fentry/security_file_free")
HOOK(connect_gate_lsm,		"lsm/socket_connect")
HOOK(connect_gate_fmod_ret,	"fmod_ret/security_socket_connect")
HOOK(packet_made,		"raw_tp/virtio_transport_alloc_pkt")
HOOK(packet_arrives_addr,	"raw_tp/virtio_transport_recv_pkt")
HOOK(packet_arrives_skb,	"fentry/virtio_transport_recv_pkt")
HOOK(peer_left,			"fentry/vsock_remove_sock")
HOOK(peer_left_any,		"fentry/vsock_stream_has_data")
HOOK(answer_accepted,		"fentry/vsock_insert_connected")
HOOK(answer_accepted_wakeup,	"fentry/sock_def_wakeup")
HOOK(socket_gone_vsock,		"fentry/vsock_sk_destruct")
HOOK(socket_gone_any,		"fentry/sk_free")
HOOK(send_seal_lsm,		"lsm/socket_sendmsg")
HOOK(send_seal_fmod_ret,	"fmod_ret/security_socket_sendmsg")
HOOK(receive_seal_lsm,		"lsm/socket_recvmsg")
HOOK(receive_seal_fmod_ret,	"fmod_ret/security_socket_recvmsg")
HOOK(option_seal_lsm,		"lsm/socket_setsockopt")
HOOK(option_seal_fmod_ret,	"fmod_ret/security_socket_setsockopt")
HOOK(shutdown_seal_lsm,		"lsm/socket_shutdown")
HOOK(shutdown_seal_fmod_ret,	"fmod_ret/security_socket_shutdown")
HOOK(listener_found_parent,	"fentry/vsock_create_connected")
HOOK(listener_found_net,	"fentry/sk_alloc")
HOOK(delivery_gate_lsm,		"lsm/sk_alloc_security")
HOOK(delivery_gate_fmod_ret,	"fmod_ret/security_sk_alloc")
HOOK(bind_gate_lsm,		"lsm/socket_bind")
HOOK(bind_gate_fmod_ret,	"fmod_ret/security_socket_bind")
HOOK(tap_gate_lsm,		"lsm/kernel_module_request")
HOOK(tap_gate_fmod_ret,		"fmod_ret/security_kernel_module_request")
/* clang-format on */

char _license[] SEC("license") = "GPL";
