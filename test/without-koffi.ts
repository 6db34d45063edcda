// Loaded before all else (`node --import`): from then on koffi cannot be loaded, as where it is not installed.
import { registerHooks } from 'node:module';

registerHooks({
  resolve(specifier, context, next) {
    // By its name, or by its place when something else has looked it up.
    if (specifier !== 'koffi' && !specifier.includes('/node_modules/koffi/')) return next(specifier, context);
    throw Object.assign(new Error("Cannot find package 'koffi'"), { code: 'ERR_MODULE_NOT_FOUND' });
  },
});
