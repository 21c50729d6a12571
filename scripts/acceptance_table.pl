#!/usr/bin/perl
# acceptance_table.pl <prefix or ""> <checklist files...> -- <result files...>: item, result, title and tests.
#
# A checklist lists its items, "CM-001 title". A test proves the item whose number it begins with (CM_001_…); one that
# begins with part_of_CM_001_ proves a part: it can fail the item, and alone does not prove it. Results are in the format
# of GoogleTest, whoever wrote them. An item is missing when no test proved it: there is none, or it was skipped.
# The last line is "N passed, N failed, N missing". Exits 1 when one failed, or when there is no item.
use strict;
use warnings;

my ($prefix, @rest) = @ARGV;
my (@checklists, @results);
while (@rest && (my $file = shift @rest) ne '--') { push @checklists, $file }
@results = grep { -e } @rest;

sub slurp {
  my ($path) = @_;
  open(my $file, '<', $path) or die "$path: $!\n";
  local $/;
  return <$file>;
}

my (%title, %tests);
for my $path (grep { -e } @checklists) {
  for my $line (split /\n/, slurp($path)) {
    $title{$1} = $2 if $line =~ /^([A-Z]{2,4}-\d{3}) (.+)$/ && index($1, $prefix) == 0;
  }
}
for my $path (@results) {
  my $xml = slurp($path);
  while ($xml =~ m{<testcase\b([^>]*?)(?:/>|>(.*?)</testcase>)}gs) {
    my ($text, $inside) = ($1, $2 // '');
    my %attribute = $text =~ /(\w+)="([^"]*)"/g;
    next if ($attribute{status} // 'run') ne 'run';
    my ($part, $letters, $number) = $attribute{name} =~ /^(part_of_)?([A-Z]{2,4})_(\d{3})(?!\d)/ or next;
    my $item = "$letters-$number";
    next if index($item, $prefix) != 0;
    $title{$item} //= '(on no checklist)';
    my $result = $inside =~ /<failure\b/ ? 'FAILED' : $inside =~ /<skipped\b/ ? 'skipped' : $part ? 'part' : 'passed';
    push @{$tests{$item}}, [$result, "$attribute{classname}.$attribute{name}"];
  }
}
if (!%title) {
  print $prefix ? "there is no item $prefix\n" : "there are no checklists and no acceptance tests\n";
  exit 1;
}
my %count = (passed => 0, FAILED => 0, missing => 0);
for my $item (sort keys %title) {
  my @all = sort { $a->[1] cmp $b->[1] } @{$tests{$item} // []};
  my %has = map { $_->[0] => 1 } @all;
  # A skipped test would have proved something that the others do not.
  my $result = $has{FAILED} ? 'FAILED' : $has{passed} && !$has{skipped} ? 'passed' : 'missing';
  ++$count{$result};
  printf "%-7s %-8s %s\n", $item, $result, $title{$item};
  for my $test (@all) {
    my $note = $test->[0] eq 'part' ? ' (a part)' : $test->[0] eq $result ? '' : " ($test->[0])";
    print ' ' x 17 . "$test->[1]$note\n";
  }
}
print "$count{passed} passed, $count{FAILED} failed, $count{missing} missing\n";
exit($count{FAILED} ? 1 : 0);
