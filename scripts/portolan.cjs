#!/usr/bin/env node
// The `portolan` command: src/cli/main.ts under the Node that the project pins, by the rules of nodex.cjs.
'use strict';
const { join } = require('node:path');
process.argv.splice(2, 0, 'node', join(__dirname, '..', 'src', 'cli', 'main.ts'));
require('./nodex.cjs');
