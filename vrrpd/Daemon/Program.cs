Console.Error.WriteLine("usage: vrrpd --config FILE");
return 2;
