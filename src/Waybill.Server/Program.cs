Console.WriteLine("waybill");
