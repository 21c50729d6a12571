#!/usr/bin/perl
# summarize_tests.pl <folder> <0 or 1: whether ctest failed>
#
# Counts test cases, not binaries. CTest says in ctest-*.junit which tests ran; a test that wrote
# <its name>.xml (GoogleTest's format) counts by its cases, any other one as a single case. A binary
# that ended badly without a failed case (crash, leak, timeout) is one more failure.
# The last line is "N passed, N failed"; exit 1 when anything failed.
use strict;
use warnings;

my ($folder, $ctest_failed) = @ARGV;
my ($passed, $failed) = (0, 0);
my (@failures, @skips);

sub slurp {
  my ($path) = @_;
  open(my $file, '<', $path) or die "$path: $!\n";
  local $/;
  return <$file>;
}

sub plain {
  my ($text) = @_;
  $text =~ s/&#x0?A;/\n/gi;
  my %names = (lt => '<', gt => '>', amp => '&', quot => '"', apos => "'");
  $text =~ s/&(lt|gt|amp|quot|apos);/$names{$1}/g;
  return $text;
}

# Each <testcase> element as [attributes, what is inside].
sub cases {
  my ($xml) = @_;
  my @cases;
  while ($xml =~ m{<testcase\b([^>]*?)(?:/>|>(.*?)</testcase>)}gs) {
    my ($text, $inside) = ($1, $2 // '');
    my %attribute = $text =~ /(\w+)="([^"]*)"/g;
    push @cases, [\%attribute, $inside];
  }
  return @cases;
}

# A skip's reason, without GoogleTest's first line (file and line).
sub reason {
  my ($inside) = @_;
  my ($message) = $inside =~ /<skipped\b[^>]*\bmessage="([^"]*)"/;
  my @lines = grep { length } split /\n/, plain($message // '');
  shift @lines if @lines > 1 && $lines[0] =~ /:\d+$/;
  return @lines ? join(' ', @lines) : 'no reason given';
}

sub count_cases {
  my ($path) = @_;
  my $bad = 0;
  for my $case (cases(slurp($path))) {
    my ($attribute, $inside) = @$case;
    next if ($attribute->{status} // '') eq 'notrun';
    my $name = plain("$attribute->{classname}.$attribute->{name}");
    if ($inside =~ /<failure\b/) {
      ++$bad;
      push @failures, $name;
    } elsif ($inside =~ /<skipped\b/) {
      push @skips, "$name: " . reason($inside);
    } else {
      ++$passed;
    }
  }
  $failed += $bad;
  return $bad;
}

my $seen = 0;
for my $junit (glob("$folder/ctest-*.junit")) {
  for my $case (cases(slurp($junit))) {
    my ($attribute, $inside) = @$case;
    my ($name, $status) = @$attribute{qw(name status)};
    ++$seen;
    my $results = "$folder/$name.xml";
    if (-e $results) {
      my $bad = count_cases($results);
      if ($status eq 'fail' && !$bad) {
        ++$failed;
        push @failures, "$name: the binary ended badly though no case failed (see its output above)";
      }
    } elsif ($status eq 'run') {
      ++$passed;
    } elsif ($inside =~ /<skipped\b/ && $status ne 'fail') {
      push @skips, "$name: " . reason($inside);
    } else {
      ++$failed;
      push @failures, "$name: failed without counting cases (see its output above)";
    }
  }
}

if ($ctest_failed && !$failed) {
  ++$failed;
  push @failures, 'ctest failed without naming a test';
}
if (!$seen || $passed + $failed + @skips == 0) {
  ++$failed;
  push @failures, 'no test ran';
}

print "\n";
if (@skips) {
  print scalar(@skips), " skipped:\n";
  print "  $_\n" for @skips;
}
if (@failures) {
  print "failed:\n";
  print "  $_\n" for @failures;
}
print "$passed passed, $failed failed\n";
exit($failed ? 1 : 0);
