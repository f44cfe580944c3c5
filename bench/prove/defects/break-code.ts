import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

// Preloaded by a service that runs with a planted defect: the file of DEFECT has another text. The
// product on disk stays unchanged, so that healthy services keep running.

const { DEFECT = '', NODE_OPTIONS: _, ...rest } = process.env;
const { file, from, to } = JSON.parse(DEFECT) as { file: string; from: string; to: string };
// Not for the service, whose settings are its whole environment.
process.env = rest;

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.startsWith('file:') || !fileURLToPath(url).endsWith(`/${file}`)) return loaded;
    const text = Buffer.from(loaded.source as Uint8Array).toString();
    return { ...loaded, source: text.replace(from, () => to) };
  },
});
