# SPDX-License-Identifier: MIT
# Every user and group of a container with state has a number in the maps of NixOS before NixOS
# gives out numbers: its old one, or one that was nobody's. NixOS' own script numbers a new name
# past all that come after it, and takes those for used, so that they lose theirs; on a lasting
# root /etc/passwd keeps it from that, which a container does not have.
# Arguments: what is declared, and the directory of NixOS' maps.
use strict;
use warnings;
use JSON::PP;

my ($spec, $place) = @ARGV;
my $json = JSON::PP->new->canonical;

sub text_of {
    my ($path) = @_;
    open(my $file, '<', $path) or return '';
    local $/;
    return <$file> // '';
}

# What is no number, or root's, is left out: the container may have written anything here.
sub map_of {
    my ($path) = @_;
    my $found = eval { $json->decode(text_of($path)) };
    $found = {} unless ref $found eq 'HASH';
    my %good = map { $_ => int $found->{$_} }
        grep { defined $found->{$_} && $found->{$_} =~ /^[1-9][0-9]{0,4}\z/ } keys %$found;
    return \%good;
}

# One that is not taken, from the end where NixOS begins.
sub free_number {
    my ($taken, $low, $high, $up) = @_;
    for my $number ($up ? $low .. $high : reverse $low .. $high) {
        return $number unless $taken->{$number};
    }
    return undef;
}

# Who was there at the last start comes first, in case that two have the same.
sub in_order {
    my ($names, $kind) = @_;
    my %was = map { $_ => 1 } split / /, text_of("$place/declarative-$kind");
    return sort { ($was{$b} // 0) <=> ($was{$a} // 0) || $a cmp $b } @$names;
}

# `ranges` is, by name, where NixOS takes a number from; `fixed` are the numbers that are declared.
sub number {
    my ($kind, $file, $ranges, $fixed) = @_;
    my $map = map_of("$place/$file");
    my %given = map { $_ => 1 } @$fixed;
    my %taken = (%given, map { $_ => 1 } values %$map);
    for my $name (in_order([keys %$ranges], $kind)) {
        my ($low, $high, $up) = @{$ranges->{$name}};
        my $old = $map->{$name} // 0;
        # NixOS takes up any number of a group, but of a user only one of its kind.
        my $fits = $kind eq 'groups' ? $old : $old >= $low && $old <= $high;
        my $number = $fits && !$given{$old} ? $old
            # If there is none left, those of who is gone.
            : free_number(\%taken, $low, $high, $up) // free_number(\%given, $low, $high, $up);
        die "there is no number left for $name\n" unless $number;
        $map->{$name} = $number;
        $given{$number} = $taken{$number} = 1;
    }
    return $map;
}

sub keep {
    my ($file, $map) = @_;
    open(my $new, '>', "$place/$file.new") or die "$place/$file.new: $!\n";
    print $new $json->encode($map);
    close($new) or die "$place/$file.new: $!\n";
    rename("$place/$file.new", "$place/$file") or die "$place/$file: $!\n";
}

# Files in a home that are another's, as those of who lost a number before numbers were kept: only a
# person can say whose they are, so it is told, on the console of the container.
sub tell_strangers {
    my ($homes, $map) = @_;
    my %who = reverse %$map;
    for my $name (sort grep { $map->{$_} } keys %$homes) {
        my $home = $homes->{$name};
        opendir(my $directory, $home) or next;
        my %found;
        for my $file (grep { $_ ne '.' && $_ ne '..' } readdir($directory)) {
            my $owner = (lstat("$home/$file"))[4] // 0;
            $found{$owner}++ if $owner >= 400 && $owner < 30000 && $owner != $map->{$name};
        }
        for my $owner (sort { $a <=> $b } keys %found) {
            my $other = $who{$owner} // 'nobody';
            print STDERR "$home: the number of $name is $map->{$name}, and $found{$owner} of the files belong to"
                . " $owner ($other); if they are of $name: chown -hR --from=$owner $name $home\n";
        }
    }
}

my $declared = $json->decode(text_of($spec));
for my $kind (['users', 'uid-map'], ['groups', 'gid-map']) {
    my ($name, $file) = @$kind;
    my $map = number($name, $file, $declared->{$name}{ranges}, $declared->{$name}{fixed});
    keep($file, $map);
    tell_strangers($declared->{$name}{homes} // {}, $map);
}
