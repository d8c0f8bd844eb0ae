// SPDX-License-Identifier: Apache-2.0
#include "rtc/ice/ice_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void tc_ice_factory_unref(struct tc_ice_factory *factory)
{
	if (--factory->refs > 0) {
		return;
	}
	tc_ice_server_destroy(factory->stun);
	tc_ice_server_destroy(factory->turn);
	free(factory->bind_address);
	free(factory->turn_user);
	free(factory->turn_password);
	free(factory);
}

static int copy_str(char **out, const char *text)
{
	*out = text ? strdup(text) : NULL;
	return text && !*out ? -ENOMEM : 0;
}

static int check_config(const struct tc_ice_config *config)
{
	NiceAddress address;
	nice_address_init(&address);
	if (config->bind_address && !nice_address_set_from_string(&address, config->bind_address)) {
		return -EINVAL;
	}
	bool ports = config->port_min >= 0 && config->port_min <= config->port_max &&
		     config->port_max <= 65535;
	return config->loop && ports ? 0 : -EINVAL;
}

int tc_ice_factory_create(struct tc_ice_factory **out, const struct tc_ice_config *config)
{
	int err = check_config(config);
	if (err) {
		return err;
	}
	struct tc_ice_factory *factory = calloc(1, sizeof(*factory));
	if (!factory) {
		return -ENOMEM;
	}
	tc_home_init(&factory->home);
	factory->refs = 1;
	factory->loop = config->loop;
	factory->loopback = config->loopback;
	factory->relay_only = config->relay_only;
	factory->port_min = config->port_min;
	factory->port_max = config->port_max;
	err = copy_str(&factory->bind_address, config->bind_address);
	err = err ? err : copy_str(&factory->turn_user, config->turn_user);
	err = err ? err : copy_str(&factory->turn_password, config->turn_password);
	if (!err && config->stun_server) {
		err = tc_ice_server_create(&factory->stun, config->loop, config->stun_server);
	}
	if (!err && config->turn_server) {
		err = tc_ice_server_create(&factory->turn, config->loop, config->turn_server);
	}
	if (err) {
		tc_ice_factory_unref(factory);
		return err;
	}
	*out = factory;
	return 0;
}

void tc_ice_factory_destroy(struct tc_ice_factory *factory)
{
	if (factory) {
		tc_ice_factory_unref(factory);
	}
}
