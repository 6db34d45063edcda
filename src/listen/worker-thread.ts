// What a thread of the pool runs.
import { parentPort, workerData } from 'node:worker_threads';
import { type WorkerData, work } from './worker.ts';

if (parentPort) void work(parentPort, workerData as WorkerData);
