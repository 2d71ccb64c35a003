// SPDX-License-Identifier: MIT
// JSON, Buffers, compression and worker threads in Node. Reads documents.json.
// usage: objects.js [--quick]
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const workers = require('worker_threads');
const zlib = require('zlib');

const quick = process.argv.includes('--quick');
const digest = (data) => crypto.createHash('sha256').update(data).digest('hex').slice(0, 16);

// Buffers live outside of the collector's heap: each is a malloc, as is what zlib holds.
function buffers(seed, count) {
    const kept = [];
    let total = 0;
    for (let i = 0; i < count; i++) {
        const size = (i * 7919 + seed) % 30000;
        const buffer = Buffer.alloc(size + 1, i & 255);
        total += buffer.length;
        kept[(i * 31) % 500] = buffer;
    }
    return `${total} ${digest(Buffer.concat(kept.filter(Boolean)))}`;
}

function compression(text, pieces) {
    const sums = [];
    for (let i = 0; i < pieces; i++) {
        const part = text.slice(i * 5000, i * 5000 + 5000 + 97 * i);
        const packed = zlib.deflateSync(part, { level: 1 + i % 4 });
        sums.push(packed.length, zlib.inflateSync(packed).length);
    }
    return sums.join(' ');
}

function json(path) {
    const documents = JSON.parse(fs.readFileSync(path, 'utf8'));
    const tags = new Map();
    for (const document of documents) {
        for (const tag of document.tags) {
            tags.set(tag, (tags.get(tag) || []).concat(document.id));
        }
    }
    return JSON.stringify([...tags].sort()) + JSON.stringify(documents, null, 1);
}

function inWorker(seed) {
    return new Promise((resolve, reject) => {
        const worker = new workers.Worker(__filename, { workerData: { seed, quick } });
        worker.on('message', resolve);
        worker.on('error', reject);
    });
}

async function main() {
    const text = json('documents.json');
    const answers = await Promise.all([1, 2].map(inWorker));
    const parts = [digest(text), buffers(3, quick ? 6000 : 30000),
        compression(text, quick ? 40 : 200), ...answers];
    console.log(`checksum ${digest(parts.join('\n'))}`);
}

if (workers.isMainThread) {
    main();
} else {
    const { seed, quick: brief } = workers.workerData;
    workers.parentPort.postMessage(buffers(seed, brief ? 4000 : 20000));
}
