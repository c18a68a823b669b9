# What a machine of the demonstration answers: its name to the client (UDP, port 7000), and in place of a gateway its
# health (HTTP, port 9097), which is 503 while a file exists. Needs nothing that Debian could be without.
#   perl node.pl NAME FILE
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;

my ($name, $sick) = @ARGV;
my $questions = IO::Socket::INET->new(Proto => 'udp', LocalPort => 7000) or die "UDP port 7000: $!\n";
my $health = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 9097, Listen => 5)
  or die "TCP port 9097: $!\n";
my $all = IO::Select->new($questions, $health);

while (my @ready = $all->can_read) {
  for my $socket (@ready) {
    if ($socket == $questions) {
      $questions->recv(my $question, 16);
      $questions->send($name);
    } elsif (my $check = $health->accept) {
      $check->sysread(my $request, 4096);
      my $status = -e $sick ? '503 Service Unavailable' : '200 OK';
      $check->syswrite("HTTP/1.1 $status\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      $check->close;
    }
  }
}
