# SPDX-License-Identifier: MIT
# Requests that build objects, render them and let go of them; some are large.
require 'zlib'

random = Random.new(5)
cache = {}
sums = 1
answer = lambda do |count|
  rows = Array.new(count) { |i| { id: i, name: "row #{i}" * 8, tags: Array.new(5) { random.rand.to_s } } }
  rows.sort_by { |row| row[:name] }.map { |row| row[:tags].join(',') }.join("\n")
end

(ARGV.include?('--quick') ? 20 : 150).times do |turn|
  (1 + random.rand(5)).times do
    key = random.rand(200)
    cache[key] ||= answer.call(200 + random.rand(800))
    sums = Zlib.crc32(cache[key], sums)
    cache.delete(cache.keys.first) if cache.size > 100
  end
  answer.call(5_000 + random.rand(20_000)) if turn % 13 == 0
end
puts format('checksum %016x', sums)
