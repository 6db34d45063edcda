// A publisher with default settings, for tests of what is published.
import { createLog } from '../src/base/log.ts';
import { Metrics } from '../src/base/metrics.ts';
import { Publisher, type PublisherOptions } from '../src/publish.ts';
import { DEFAULT_RECORD_SETTINGS } from '../src/records/settings.ts';
import { VipAddresses } from '../src/records/vip-addresses.ts';
import { Image } from '../src/zone/image.ts';
import { ZoneStore } from '../src/zone/store.ts';

export function publisherOf(more: Partial<PublisherOptions> = {}): Publisher {
  return new Publisher({
    settings: DEFAULT_RECORD_SETTINGS,
    vips: new VipAddresses(DEFAULT_RECORD_SETTINGS.dcos.vip),
    store: new ZoneStore(new Image(), () => 0),
    log: createLog('silent'),
    metrics: new Metrics(),
    ...more,
  });
}
