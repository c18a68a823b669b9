# The client of the demonstration: asks an address a hundred times a second who it is, and tells on stderr when somebody
# else answers, or nobody. A line on stdin asks for "NAME SECONDS" on stdout: who answered last, and the longest time
# without an answer since a line that said "anew".
#   perl client.pl ADDRESS START    START: when the demonstration began, in microseconds of the epoch
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Time::HiRes 'time';

my $pace = 0.01;
my $notable = 0.1;

my ($address, $start) = @ARGV;
my $target = sockaddr_in(7000, inet_aton($address));
my $socket = IO::Socket::INET->new(Proto => 'udp') or die "UDP: $!\n";
my $input = IO::Select->new($socket, \*STDIN);
my ($owner, $longest, $is_silent) = ('nobody', 0, 0);
my $answered = my $next = my $since = time;
$| = 1;

sub tell_people { printf STDERR "%6.2f  client: %s\n", time - $start / 1e6, shift }

sub gap {
  my $from = $answered > $since ? $answered : $since;
  my $gap = time - $from;
  $longest = $gap if $gap > $longest;
  return time - $answered;
}

while (1) {
  if (time >= $next) {
    $socket->send('?', 0, $target);
    $next = time + $pace;
  }

  my $wait = $next - time;
  for my $ready ($input->can_read($wait > 0 ? $wait : 0)) {
    if ($ready == $socket) {
      defined $socket->recv(my $name, 16) or next;
      my $gap = gap();
      tell_people(sprintf '%s answers%s', $name, $is_silent ? sprintf ', after %.2f s', $gap : '')
        if $is_silent || $name ne $owner;
      ($owner, $answered, $is_silent) = ($name, time, 0);
    } else {
      sysread(STDIN, my $line, 64) or exit;
      gap();
      printf "%s %.2f\n", $owner, $longest;
      ($longest, $since) = (0, time) if $line =~ /anew/;
    }
  }

  if (!$is_silent && gap() > $notable) {
    $is_silent = 1;
    tell_people('no answer');
  }
}
