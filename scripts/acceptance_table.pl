#!/usr/bin/perl
# acceptance_table.pl <prefix or ""> <GoogleTest result files...>: item, result and test, one line each.
# Exits 1 when one failed, or when there is none: an empty table proves nothing.
use strict;
use warnings;

my ($prefix, @files) = @ARGV;
my @rows;
for my $path (grep { -e } @files) {
  open(my $file, '<', $path) or die "$path: $!\n";
  local $/;
  my $xml = <$file>;
  while ($xml =~ m{<testcase\b([^>]*?)(?:/>|>(.*?)</testcase>)}gs) {
    my ($text, $inside) = ($1, $2 // '');
    my %attribute = $text =~ /(\w+)="([^"]*)"/g;
    next if $attribute{status} ne 'run';
    my ($letters, $number) = $attribute{name} =~ /^([A-Z]{2,4})_(\d{3})(?:_|$)/ or next;
    my $item = "$letters-$number";
    next if index($item, $prefix) != 0;
    my $result = $inside =~ /<failure\b/ ? 'FAILED' : $inside =~ /<skipped\b/ ? 'skipped' : 'ok';
    push @rows, [$item, $result, "$attribute{classname}.$attribute{name}"];
  }
}
if (!@rows) {
  print $prefix ? "there is no test for $prefix\n" : "there are no acceptance tests yet\n";
  exit 1;
}
my %count = (ok => 0, FAILED => 0, skipped => 0);
for my $row (sort { $a->[0] cmp $b->[0] || $a->[2] cmp $b->[2] } @rows) {
  printf "%-8s %-8s %s\n", @$row;
  ++$count{$row->[1]};
}
print "$count{ok} ok, $count{FAILED} failed, $count{skipped} skipped\n";
exit($count{FAILED} ? 1 : 0);
