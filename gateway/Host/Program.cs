using Gateway;

return await GatewayCommand.InvokeAsync(args);
