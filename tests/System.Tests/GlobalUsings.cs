global using Gateway.SystemTests.Points;
global using Gateway.SystemTests.Processes;
global using Gateway.SystemTests.Proxy;
global using Gateway.SystemTests.Setup;
global using Xunit;
