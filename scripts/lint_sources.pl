#!/usr/bin/perl
# lint_sources.pl [root]: the rules that need no compiler. Prints file:line: what, exits 1 on a finding.
#
# Layers: reads lockstep_module(... DEPS ... TEST_DEPS ...) in CMakeLists.txt and rejects an include of
# any module that is not listed there (a dependency of a dependency is not listed). Tests and fuzzers
# may also include TEST_DEPS. A folder detail/ is seen by its own module only.
# Fuzzers: a header that declares parse…() or decode…() of a std::string_view is included by some *_fuzz.cpp.
# Length: no C++ file over 500 lines. Words: see @banned. Documents: a relative link leads to a file.
use strict;
use warnings;

my $lines_limit = 500;
my $root = $ARGV[0] // '.';
chdir $root or die "$root: $!\n";

# [pattern, which files, which files not, why]
my @banned = (
  [qr/\bthis_thread::sleep_|\b(usleep|nanosleep)\s*\(|(?<![\w.>])sleep\s*\(/, qr{_test\.cpp$}, qr{^tests/}, 'a unit test does not sleep: the loop of a test has its own time'],
  [qr/\bstd::(cout|cerr|clog|puts)\b|\bf?printf\s*\(/, qr{^(src|connectors|simulation)/}, qr{^src/app/|_test\.cpp$|^src/base/assert\.cpp$}, 'only app/ writes to the terminal: use Log'],
  [qr/\b(TODO|FIXME|XXX|HACK)\b/, qr{.}, qr{^$}, 'do it, or write an issue'],
  [qr/#include\s*<boost\/(asio|beast)/, qr{.}, qr{^src/net/(.*\.cpp$|detail/)}, 'Asio and Beast stay inside .cpp files and detail/ of src/net'],
  [qr/\bcatch\s*\(\.\.\.\)\s*\{\s*\}/, qr{.}, qr{^$}, 'an error is not swallowed'],
);

my $findings = 0;
sub report {
  my ($file, $line, $text) = @_;
  print "$file:$line: $text\n";
  ++$findings;
}

sub slurp {
  my ($path) = @_;
  open(my $file, '<', $path) or die "$path: $!\n";
  local $/;
  return <$file>;
}

sub files_below {
  my ($folder, $wanted) = @_;
  my @found;
  opendir(my $handle, $folder) or return ();
  for my $name (sort readdir $handle) {
    next if $name =~ /^\./ || $name eq 'node_modules' || $name eq 'build';
    my $path = "$folder/$name";
    if (-d $path && !-l $path) { push @found, files_below($path, $wanted) }
    elsif ($name =~ $wanted) { push @found, $path }
  }
  return @found;
}

report($_, 1, 'a recipe is configuration: no C++') for files_below('recipes', qr/\.[ch]pp$/);

my @files = map { files_below($_, qr/\.[ch]pp$|^CMakeLists\.txt$/) } grep { -d } qw(src connectors simulation tests bench);

# folder -> {name, deps, test_deps}
my (%module, %folder_of);
for my $path (grep { m{/CMakeLists\.txt$} } @files) {
  my $text = slurp($path);
  $text =~ s/#[^\n]*//g;
  while ($text =~ /lockstep_module\(\s*([^)]*)\)/g) {
    my ($name, @words) = split ' ', $1;
    my (%list, $key);
    for my $word (@words) {
      if ($word =~ /^(RANK|DEPS|LIBS|TEST_DEPS|TEST_LIBS)$/) { $key = $word }
      elsif (defined $key) { $list{$key}{$word} = 1 }
    }
    (my $folder = $path) =~ s{/CMakeLists\.txt$}{};
    $module{$folder} = {name => $name, deps => $list{DEPS} // {}, test_deps => $list{TEST_DEPS} // {}};
    $folder_of{$name} = $folder;
  }
}

# The module of a file: the deepest folder above it that is one.
sub owner {
  my ($path) = @_;
  while ($path =~ s{/[^/]*$}{}) {
    return $module{$path} if $module{$path};
  }
  return undef;
}

# The module that an include names: "store/store.hpp" is src/store, "connectors/webhook/x.hpp" is that folder.
sub included {
  my ($include) = @_;
  for my $path ("src/$include", $include) {
    return owner($path) if owner($path);
  }
  return undef;
}

for my $file (grep { !m{/CMakeLists\.txt$} } @files) {
  my @lines = split /\n/, slurp($file);
  report($file, scalar @lines, "has " . scalar(@lines) . " lines; the limit is $lines_limit") if @lines > $lines_limit;
  report($file, 1, 'a header needs #pragma once') if $file =~ /\.hpp$/ && !grep { /^#pragma once$/ } @lines;
  my $owner = owner($file);
  my $is_test = $file =~ /_(test|fuzz|bench)\.cpp$|_test\.hpp$/;
  for my $index (0 .. $#lines) {
    my $line = $lines[$index];
    for my $rule (@banned) {
      my ($pattern, $where, $except, $why) = @$rule;
      report($file, $index + 1, $why) if $line =~ $pattern && $file =~ $where && $file !~ $except;
    }
    next unless $line =~ /^\s*#\s*include\s*"([^"]+)"/;
    my $include = $1;
    report($file, $index + 1, "include from the root of the sources, not \"$include\"") if $include =~ m{^\.\.?/};
    my $target = included($include);
    next if !$target || ($owner && $target == $owner);
    report($file, $index + 1, "\"$include\" is a detail of $target->{name}") if $include =~ m{/detail/};
    next if !$owner;
    next if $owner->{deps}{$target->{name}} || ($is_test && $owner->{test_deps}{$target->{name}});
    report($file, $index + 1, "$owner->{name} must not include $target->{name} (\"$include\"): its CMakeLists.txt does not list it");
  }
}
# Bytes from outside: whoever writes a decoder writes its fuzzer.
my %fuzzed;
for my $file (grep { /_fuzz\.cpp$/ } @files) {
  my $text = slurp($file);
  $fuzzed{$1} = 1 while $text =~ /^\s*#\s*include\s*"([^"]+)"/mg;
}
for my $file (grep { m{^(src|connectors|simulation)/.*\.hpp$} } @files) {
  (my $include = $file) =~ s{^src/}{};
  next if $fuzzed{$include};
  my $text = slurp($file);
  next unless $text =~ /\b((?:parse|decode)\w*)\(\s*std::string_view/;
  my $line = 1 + (substr($text, 0, $-[0]) =~ tr/\n//);
  report($file, $line, "$1() decodes bytes, and no *_fuzz.cpp includes this header");
}
for my $file (glob('*.md'), map { files_below($_, qr/\.md$/) } grep { -d } qw(docs src connectors recipes tests bench)) {
  my ($line, $folder) = (0, $file =~ m{^(.*/)} ? $1 : '');
  for my $text (split /\n/, slurp($file)) {
    ++$line;
    while ($text =~ /\]\(([^)#\s]+)[^)]*\)/g) {
      report($file, $line, "the link leads nowhere: $1") unless $1 =~ /^[a-z]+:/ || -e "$folder$1";
    }
  }
}
exit($findings ? 1 : 0);
