# SPDX-License-Identifier: MIT
# Strings, hashes, compaction, fibers, threads and fork in ruby.
require 'digest'
require 'json'
require 'ostruct'
require 'set'
require 'stringio'
require 'zlib'

$stdout.sync = true

def digest(value)
  Digest::SHA256.hexdigest(value.is_a?(String) ? value : Marshal.dump(value))[0, 16]
end

def strings(path)
  text = File.read(path)
  count = Hash.new(0)
  text.each_line { |line| line.split.each { |word| count[word] += 1 } }
  puts count.size, digest(count.sort_by { |word, n| [-n, word] })
  puts digest(text.gsub(/(\w+) (\w+)/) { "#{$2.capitalize} #{$1}" })
  puts text.scan(/(?:[bk][aeiou]){2,}/).tally.size
  built = +''
  100_000.times { |i| built << (97 + i % 26).chr * (i % 9) }
  puts built.size, digest(built.tr('a-m', 'n-z').squeeze.reverse)
  20_000.times { |i| built.insert(i * 3, 'xy') if i % 10 == 0 }
  puts digest(built), built.encode('UTF-16LE').bytesize
  io = StringIO.new
  50_000.times { |i| io.printf("%05d %s\n", i, i.to_s(36)) }
  puts digest(io.string)
end

def structures(path)
  documents = JSON.parse(File.read(path))
  puts digest(JSON.pretty_generate(documents))
  puts digest(Marshal.load(Marshal.dump(documents)))
  tree = {}
  30_000.times { |i| (i * 7919 % 100_003).to_s.chars.inject(tree) { |node, c| node[c] ||= {} } }
  puts digest(JSON.generate(tree))
  table = (0...100_000).to_h { |i| [i, "value #{i}"] }
  table.delete_if { |key, _| key % 3 == 0 }
  puts table.size, table.values.last
  puts Set.new((1..50_000).map { |i| i * i % 10_007 }).size
  puts (1..2000).inject(:*).to_s.size
  puts OpenStruct.new(a: 1, b: [2]).to_h
  puts Zlib::Inflate.inflate(Zlib::Deflate.deflate(table.to_s)) == table.to_s
end

Point = Struct.new(:x, :y, :name)

def compaction
  kept = []
  6.times do |round|
    made = (1..40_000).map { |i| Point.new(i, [i] * (i % 5), "point #{i}" * (i % 7)) }
    kept.concat(made.each_slice(7).map(&:first))
    made = nil
    GC.start
    GC.compact if GC.respond_to?(:compact) && round.odd?
  end
  puts kept.size, digest(kept.map(&:to_a))
  GC.auto_compact = true if GC.respond_to?(:auto_compact=)
  100_000.times { |i| kept[i % kept.size] = "s#{i}" * (i % 40) }
  GC.auto_compact = false if GC.respond_to?(:auto_compact=)
  puts digest(kept.map(&:to_s).join)
  GC.stress = true
  puts (1..8).map { |i| [i.to_s * 20, { i => i }] }.inspect.size
  GC.stress = false
end

def fibers
  made = (1..3000).map { |i| Fiber.new { |x| loop { x = Fiber.yield("#{x}-#{i}" * 5) } } }
  puts digest(made.map { |fiber| fiber.resume('a') + fiber.resume('b') })
  puts (1..Float::INFINITY).lazy.map { |x| x * 2 }.select { |x| x % 3 == 0 }.first(1000).sum
  numbers = Enumerator.new { |y| 10_000.times { |i| y << i.to_s } }
  puts numbers.next + numbers.next, numbers.size.inspect
end

def in_threads
  jobs = Queue.new
  results = Queue.new
  pool = (1..8).map do
    Thread.new do
      while (job = jobs.pop)
        results << [job, digest((1..2000).map { |i| "#{job}:#{i}" }.sort.join)]
      end
    end
  end
  200.times { |job| jobs << job }
  8.times { jobs << nil }
  pool.each(&:join)
  puts results.size, digest(Array.new(results.size) { results.pop }.sort)
  500.times { Thread.new { Array.new(100) { |i| 'x' * i } }.join }
end

def in_children
  churn = Thread.new { loop { Array.new(1000) { |i| 'y' * (i % 100) } } }
  statuses = (1..12).map do |i|
    reader, writer = IO.pipe
    pid = fork do
      reader.close
      writer.write(digest((1..3000).map { |k| (k * i).to_s * 3 }.join))
      GC.start
      exit!(i % 5)
    end
    writer.close
    answer = reader.read
    [answer, Process.wait2(pid)[1].exitstatus]
  end
  churn.kill.join
  puts digest(statuses), statuses.map(&:last).join
  puts `echo $((6 * 7))`
  IO.popen(['tr', 'a-z', 'A-Z'], 'r+') do |io|
    io.write('abc' * 1000)
    io.close_write
    puts digest(io.read)
  end
end

strings(ARGV[0])
structures(ARGV[1])
compaction
fibers
in_threads
in_children
warn 'to stderr'
exit 6
