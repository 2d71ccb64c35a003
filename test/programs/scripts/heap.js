// SPDX-License-Identifier: MIT
// JSON, Buffers, typed arrays, streams, zlib, worker threads and child processes in node.
'use strict';
const assert = require('assert');
const childProcess = require('child_process');
const crypto = require('crypto');
const fs = require('fs');
const { pipeline } = require('stream/promises');
const { Readable, Transform } = require('stream');
const vm = require('vm');
const workers = require('worker_threads');
const zlib = require('zlib');

const digest = (data) => crypto.createHash('sha256').update(data).digest('hex').slice(0, 16);

function json(path) {
    const documents = JSON.parse(fs.readFileSync(path, 'utf8'));
    for (let i = 0; i < 3; i++) {
        assert.deepStrictEqual(JSON.parse(JSON.stringify(documents)), documents);
    }
    const tags = new Map();
    for (const document of documents) {
        for (const tag of document.tags) {
            tags.set(tag, (tags.get(tag) || []).concat(document.id));
        }
    }
    console.log(tags.size, digest(JSON.stringify([...tags].sort())));
    console.log(digest(JSON.stringify(structuredClone(documents), null, 1)));
    return documents;
}

function buffers() {
    const kept = [];
    let total = 0;
    for (let i = 0; i < 20000; i++) {
        const buffer = Buffer.alloc((i * 37) % 9000, i & 255);
        total += buffer.length;
        kept[i % 200] = buffer;
    }
    console.log(total, digest(Buffer.concat(kept)));
    const arrays = [];
    for (let i = 0; i < 300; i++) {
        const array = new Float64Array(10000 + i);
        assert(array.every((x) => x === 0));
        arrays[i % 20] = array.fill(i);
    }
    console.log(arrays.reduce((sum, array) => sum + array[5] + array.length, 0));
    const big = Buffer.allocUnsafe(64 << 20).fill('pattern');
    console.log(digest(big), big.lastIndexOf('nrettap'), big.indexOf('ternpat'));
    console.log(digest(Buffer.from(big.subarray(0, 3 << 20).toString('base64'), 'base64')));
}

function libraries(documents) {
    const text = documents.map((d) => d.text).join('\n');
    for (const name of ['gzip', 'deflate', 'brotliCompress']) {
        const options = name[0] === 'b'
            ? { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 5 } } : {};
        const packed = zlib[name + 'Sync'](text, options);
        const inverse = { gzip: 'gunzip', deflate: 'inflate', brotliCompress: 'brotliDecompress' };
        assert.strictEqual(zlib[inverse[name] + 'Sync'](packed).toString(), text);
        console.log(name, packed.length);
    }
    const replaced = text.replace(/(\w+) (\w+)/gu, (_, a, b) => b.toUpperCase() + a);
    console.log(digest(replaced), text.split(/[aeiou]+/).length);
    const key = crypto.scryptSync('secret', 'salt', 32, { N: 4096 });
    const cipher = crypto.createCipheriv('aes-256-gcm', key, Buffer.alloc(12));
    console.log(digest(Buffer.concat([cipher.update(text), cipher.final()])));
    for (let i = 0; i < 20; i++) {
        const context = vm.createContext({ out: [] });
        vm.runInContext('for (let i = 0; i < 1000; i++) out.push({ s: "x".repeat(i) })', context);
        assert.strictEqual(context.out.length, 1000);
    }
    console.log(((2n ** 5000n - 1n) ** 3n).toString(36).slice(0, 20));
}

async function streams() {
    const hash = crypto.createHash('sha256');
    const upper = new Transform({
        transform(chunk, _, done) { done(null, chunk.toString().toUpperCase()); },
    });
    const source = Readable.from((function* lines() {
        for (let i = 0; i < 20000; i++) {
            yield `line ${i}\n`;
        }
    })());
    await pipeline(source, upper, zlib.createGzip(), zlib.createGunzip(), hash);
    console.log(hash.digest('hex'));
}

function runWorker(data, transfer) {
    return new Promise((resolve, reject) => {
        const worker = new workers.Worker(__filename, { workerData: data, transferList: transfer });
        let answer;
        worker.on('message', (message) => { answer = message; });
        worker.on('error', reject);
        worker.on('exit', (code) => (code ? reject(new Error(`exit ${code}`)) : resolve(answer)));
    });
}

async function inWorkers() {
    const shared = new SharedArrayBuffer(4);
    const answers = [];
    for (let round = 0; round < 4; round++) {
        const jobs = [];
        for (let i = 0; i < 4; i++) {
            const moved = new ArrayBuffer(1 << 20);
            new Uint8Array(moved).fill(i + round);
            jobs.push(runWorker({ moved, shared, i }, [moved]));
            assert.strictEqual(moved.byteLength, 0);
        }
        answers.push(...await Promise.all(jobs));
    }
    console.log(answers.map((answer) => digest(Buffer.from(answer))).join(' '));
    console.log(new Int32Array(shared)[0]);
}

function beWorker() {
    const { moved, shared, i } = workers.workerData;
    const made = [];
    for (let k = 0; k < 3000; k++) {
        made.push({ k, text: `${i} ${k}`.repeat(k % 20), bytes: Buffer.alloc(k) });
    }
    const view = new Uint8Array(moved);
    view.forEach((_, at) => { view[at] += made[at % 100].text.length; });
    Atomics.add(new Int32Array(shared), 0, made.length);
    workers.parentPort.postMessage(moved, [moved]);
}

function children() {
    const program = 'process.stdin.on("data",'
        + '(data) => process.stdout.write(String(data).toUpperCase()))';
    const ended = childProcess.spawnSync(process.execPath, ['-e', program],
        { input: 'abc'.repeat(50000) });
    console.log(ended.status, digest(ended.stdout));
    console.log(childProcess.execSync('echo $((2 + 3))').toString().trim());
}

async function main() {
    const documents = json(process.argv[2]);
    buffers();
    libraries(documents);
    await streams();
    await inWorkers();
    children();
    global.gc();
    console.error('to stderr');
    process.exitCode = 4;
}

if (workers.isMainThread) {
    main();
} else {
    beWorker();
}
