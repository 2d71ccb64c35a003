# SPDX-License-Identifier: MIT
# Hashes, regular expressions, sorting, closures, serialising, threads and fork in perl.
use strict;
use warnings;
use threads;
use threads::shared;
use Thread::Queue;
use Data::Dumper;
use Digest::SHA qw(sha256_hex);
use Encode qw(encode decode);
use List::Util qw(sum shuffle max);
use Storable qw(freeze thaw dclone);
use Time::Local qw(timegm);

$Data::Dumper::Sortkeys = 1;
$Data::Dumper::Indent = 1;
$| = 1;
my ($text, $json) = @ARGV;

sub words
{
    my (%count, %lines, %by_length);
    open(my $file, '<', $text) or die "open: $!";
    while (my $line = <$file>) {
        chomp $line;
        for my $word (split / /, $line) {
            $count{$word}++;
            push @{$lines{$word}}, $. if @{$lines{$word} || []} < 20;
            $by_length{length $word}{$word} = 1;
        }
    }
    close $file;
    my @top = (sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count)[0 .. 9];
    print "$_ $count{$_} @{$lines{$_}}[0 .. 3]\n" for @top;
    print "$_: ", scalar(keys %{$by_length{$_}}), "\n" for sort { $a <=> $b } keys %by_length;
    delete @count{grep { length > 4 } keys %count};
    print scalar(keys %count), "\n";
}

sub patterns
{
    open(my $file, '<', $text) or die "open: $!";
    my $all = do { local $/; <$file> };
    my %seen;
    $seen{"$1-$2"}++ while $all =~ /\b(\w{2,6})\s+(\w{3})\b/g;
    print scalar(keys %seen), "\n";
    (my $changed = $all) =~ s/(\w+) (\w+)/\u$2 \U$1\E/g;
    print sha256_hex($changed), "\n";
    my @parts = split /(?<=[aeiou])(?=k)/, substr($all, 0, 500000);
    print scalar(@parts), " ", sha256_hex(join '|', reverse @parts), "\n";
    my $string = '';
    $string .= chr(33 + $_ % 90) x ($_ % 50) for 1 .. 50000;
    substr($string, $_ * 11, 3, '<>') for 1 .. 5000;
    print length($string), " ", sha256_hex($string), "\n";
    print join(',', map { sprintf '%04x', $_ } unpack('n*', pack('w*', 1 .. 30))), "\n";
    print length(encode('UTF-16', decode('UTF-8', "h\xc3\xa9llo " x 20000))), "\n";
}

sub structures
{
    my $tree = {};
    for my $i (1 .. 12000) {
        my $node = $tree;
        $node = $node->{$_} //= {} for split //, $i * 7919 % 100003;
        push @{$node->{list}}, [$i, "name $i", { odd => $i % 2 }];
    }
    my $copy = dclone($tree);
    my $thawed = thaw(freeze($copy));
    print sha256_hex(Dumper($thawed)), "\n";
    local $Storable::canonical = 1;
    print freeze($tree) eq freeze($thawed) ? "same\n" : "different\n";
    my @closures = map { my $n = $_; sub { $n += shift // 1; $n } } 1 .. 5000;
    print sum(map { $_->(3) } @closures), "\n";
    my @sorted = sort { $a->[1] cmp $b->[1] || $a->[0] <=> $b->[0] }
        map { [$_, sprintf('%x', $_ * 2654435761 % 4294967296)] } 1 .. 30000;
    print "$sorted[0][1] $sorted[-1][1]\n";
}

sub in_threads
{
    my $queue = Thread::Queue->new;
    my %shared :shared;
    my @threads = map {
        threads->create(sub {
            while (defined(my $item = $queue->dequeue)) {
                my @list = map { "$item:$_" } 1 .. 500;
                my $value = sha256_hex(join ' ', sort @list);
                lock %shared;
                $shared{$item} = $value;
            }
        })
    } 1 .. 4;
    $queue->enqueue($_) for 1 .. 200;
    $queue->end;
    $_->join for @threads;
    print sha256_hex(join ',', map { "$_=$shared{$_}" } sort keys %shared), "\n";
}

sub in_children
{
    my @results;
    for my $i (1 .. 12) {
        my $pid = open(my $pipe, '-|') // die "fork: $!";
        if (!$pid) {
            my %own = map { $_ => "child $i " x ($_ % 10) } 1 .. 2000;
            print sha256_hex(join '', map { $own{$_} } sort keys %own);
            exit $i % 3;
        }
        push @results, join '', <$pipe>;
        close $pipe;
        push @results, $? >> 8;
    }
    print "@results[0 .. 5] ", sha256_hex("@results"), "\n";
    print `printf %s \$((6 * 7))`, "\n";
}

words();
patterns();
structures();
in_threads();
in_children();
warn "to stderr\n";
my $deep = [];
$deep = [$deep] for 1 .. 100000;
undef $deep;
die "the end\n";
